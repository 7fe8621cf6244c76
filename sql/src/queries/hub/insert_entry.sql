-- hub::insert_entry
insert into hub_entries (hub_ledger_id, hub_index, ledger_id, ledger_size)
values ($1 /* hub */, $2 /* index */, $3 /* ledger */, $4 /* size */)
