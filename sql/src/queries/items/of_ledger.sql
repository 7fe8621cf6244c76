-- items::of_ledger
select item_key, leaf_index from item_records
where ledger_id = $1 /* ledger */ and leaf_index >= $2 /* from */ and leaf_index < $3 /* to */
