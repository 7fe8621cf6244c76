-- hub::last_entry
select hub_index, ledger_size from hub_entries
where hub_ledger_id = $1 /* hub */ and ledger_id = $2 /* ledger */ order by hub_index desc limit 1
