-- hub::entry_for
select hub_index, ledger_size from hub_entries
where hub_ledger_id = $1 /* hub */ and ledger_id = $2 /* ledger */ and ledger_size >= $3 /* size */
order by hub_index limit 1
