-- items::last_in
-- One probe of the index for each key: a key that every record names costs no more than one that few do.
select asked.item_key, last.leaf_index
from unnest($2::bigint[] /* keys */) as asked (item_key)
cross join lateral (
  select leaf_index from item_records
  where item_key = asked.item_key and ledger_id = $1 /* ledger */
  order by leaf_index desc limit 1
) as last
