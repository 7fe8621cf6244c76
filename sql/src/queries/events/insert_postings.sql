-- events::insert_postings
insert into event_postings as p (term, block, places)
select * from unnest($1::bigint[] /* terms */, $2::bigint[] /* blocks */, $3::bytea[] /* places */)
on conflict (term, block) do update set places = p.places || excluded.places
