-- hub::last_of_ledger
select hub_ledger_id, hub_index, ledger_size from hub_entries
where ledger_id = $1 /* ledger */ order by ledger_size desc limit 1
