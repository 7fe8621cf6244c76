-- ledgers::swap_head
update ledger_heads set size = $3 /* new size */, root = $4 /* new root */
where ledger_id = $1 /* ledger */ and size = $2 /* old size */
