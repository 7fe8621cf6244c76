-- holds::release
insert into hold_releases (hold_id, reason, evidence, released_at)
values ($1 /* hold */, $2 /* reason */, $3 /* evidence */, $4 /* at */)
