-- ledgers::checkpoint_at
select size, root, note, recorded_at from checkpoints
where ledger_id = $1 /* ledger */ and size >= $2 /* size */ order by size limit 1
