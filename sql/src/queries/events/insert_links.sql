-- events::insert_links
insert into trace_links (thing_key, position, role)
select * from unnest($1::bigint[] /* things */, $2::bigint[] /* positions */, $3::smallint[] /* roles */)
