-- events::lag
-- The oldest checkpoint over a record that is not projected says since when something waits.
with behind as materialized (
  select h.ledger_id, h.size, coalesce(p.next_leaf, 0) as next_leaf
  from ledgers l
  join ledger_heads h using (ledger_id)
  left join projection_positions p using (ledger_id)
  where l.kind = 'site' and h.size > coalesce(p.next_leaf, 0)
)
select h.position, h.generation, w.ledgers, w.records, w.since
from projection_head h
cross join (
  select count(*) as ledgers, coalesce(sum(b.size - b.next_leaf), 0)::bigint as records, min(c.recorded_at) as since
  from behind b
  left join lateral (
    select recorded_at from checkpoints where ledger_id = b.ledger_id and size > b.next_leaf order by size limit 1
  ) as c on true
) as w
