-- items::copy
copy item_records (item_key, ledger_id, leaf_index) from stdin (format binary)
