-- hub::entries
select hub_index, ledger_id, ledger_size from hub_entries where hub_ledger_id = $1 /* hub */ order by hub_index
