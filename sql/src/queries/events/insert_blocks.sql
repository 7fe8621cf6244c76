-- events::insert_blocks
insert into event_blocks as b (block, first_event, last_event, first_record, last_record)
select * from unnest($1::bigint[] /* blocks */, $2::bigint[] /* first event times */, $3::bigint[] /* last event times */,
  $4::bigint[] /* first record times */, $5::bigint[] /* last record times */)
on conflict (block) do update set
  first_event = least(b.first_event, excluded.first_event), last_event = greatest(b.last_event, excluded.last_event),
  first_record = least(b.first_record, excluded.first_record), last_record = greatest(b.last_record, excluded.last_record)
