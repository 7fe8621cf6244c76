-- Rows as the thirty-fifth version wrote them; later migrations must apply on top of them.
insert into erasures (ledger_id, leaf_index, leaf_hash, erased_at, first_by, second_by, reason, item_keys, event_key, log_ledger, log_index)
select ledger_id, 0, sha256('a'), now(), 'lee', 'chen', 'a person asked for it', '{1,2}', 7, ledger_id, 0 from ledgers limit 1;
