-- findings::resolve
insert into finding_resolutions (finding_id, party, reason, resolved_at, note)
values ($1 /* finding */, $2 /* party */, $3 /* reason */, $4 /* resolved at */, $5 /* note */)
on conflict do nothing
