-- events::insert_skips
insert into projection_skips (ledger_id, leaf_index, reason)
select * from unnest($1::integer[] /* ledgers */, $2::bigint[] /* indexes */, $3::text[] /* reasons */)
