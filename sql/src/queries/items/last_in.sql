-- items::last_in
select item_key, max(leaf_index) from item_records
where item_key = any($2 /* keys */) and ledger_id = $1 /* ledger */ group by item_key
