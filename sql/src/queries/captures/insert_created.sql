-- captures::insert_created
insert into created_events (party, event_id_sha256, event_sha256)
values ($1 /* party */, $2 /* id */, $3 /* event */)
on conflict do nothing
