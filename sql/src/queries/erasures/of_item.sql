-- erasures::of_item
select e.ledger_id, e.leaf_index, e.leaf_hash, e.erased_at, e.first_by, e.second_by, e.reason, e.item_keys, e.event_key, e.log_ledger, e.log_index
from erasures e where e.item_keys @> array[$1::bigint /* key */] order by e.ledger_id, e.leaf_index limit 100
