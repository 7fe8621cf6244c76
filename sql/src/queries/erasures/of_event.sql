-- erasures::of_event
select ledger_id, leaf_index, leaf_hash, erased_at, first_by, second_by, reason, item_keys, event_key, log_ledger, log_index
from erasures where event_key = $1 /* key */ order by ledger_id, leaf_index limit 100
