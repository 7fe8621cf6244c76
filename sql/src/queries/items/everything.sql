-- items::everything
copy item_records (item_key, ledger_id, leaf_index) to stdout (format binary)
