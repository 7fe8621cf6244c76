-- An entry of the index as it is since this version.
insert into item_records (item_key, ledger_id, leaf_index) select -1, ledger_id, 1 from ledgers;
