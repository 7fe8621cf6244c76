-- items::naming
select ledger_id, leaf_index from item_records where item_key = $1 /* key */ order by ledger_id, leaf_index
