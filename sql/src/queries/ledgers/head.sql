-- ledgers::head
select size, root from ledger_heads where ledger_id = $1 /* ledger */
