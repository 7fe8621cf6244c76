-- events::insert
insert into events (position, ledger_id, leaf_index, event_time, record_time, event_key, event_id)
select * from unnest($1::bigint[] /* positions */, $2::integer[] /* ledgers */, $3::bigint[] /* indexes */,
  $4::bigint[] /* event times */, $5::bigint[] /* record times */, $6::bigint[] /* keys */, $7::text[] /* ids */)
