-- ledgers::insert_subtree
insert into subtree_hashes (ledger_id, level, position, hash)
values ($1 /* ledger */, $2 /* level */, $3 /* position */, $4 /* hash */)
