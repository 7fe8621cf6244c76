-- ledgers::latest_checkpoint
select size, root, note, recorded_at from checkpoints
where ledger_id = $1 /* ledger */ order by size desc limit 1
