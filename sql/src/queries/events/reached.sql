-- events::reached
select p.ledger_id, p.next_leaf
from unnest($1::integer[] /* ledgers */) as l (ledger_id)
cross join lateral (
  select ledger_id, next_leaf from projection_positions where ledger_id = l.ledger_id limit 1
) as p
