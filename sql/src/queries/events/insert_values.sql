-- events::insert_values
insert into event_values (resource, value)
select * from unnest($1::smallint[] /* resources */, $2::text[] /* values */)
on conflict do nothing
