-- hub::seals
select i.ledger_id, i.leaf_index, h.hub_index, s.recorded_at, c.recorded_at
from unnest($1::integer[] /* ledgers */, $2::bigint[] /* indexes */) as i (ledger_id, leaf_index)
left join lateral (
  select hub_ledger_id, hub_index from hub_entries
  where ledger_id = i.ledger_id and ledger_size > i.leaf_index order by ledger_size limit 1
) as h on true
left join lateral (
  select recorded_at from checkpoints
  where ledger_id = h.hub_ledger_id and size > h.hub_index order by size limit 1
) as s on true
left join lateral (
  select recorded_at from checkpoints
  where ledger_id = i.ledger_id and size > i.leaf_index order by size limit 1
) as c on true
