-- ledgers::insert_checkpoint
insert into checkpoints (ledger_id, size, root, note, recorded_at)
values ($1 /* ledger */, $2 /* size */, $3 /* root */, $4 /* note */, $5 /* recorded_at */)
