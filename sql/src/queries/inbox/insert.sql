-- inbox::insert
insert into case_inbox (party, case_id, number)
select party, $1, number from unnest($2::text[], $3::integer[]) as asked (party, number)
on conflict do nothing
