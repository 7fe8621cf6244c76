-- hub::unindexed
select o.ledger_id, max(c.first_leaf + s.place - 1)
from unnest($1::integer[] /* hubs */, $2::bigint[] /* from */) as h (hub, low)
join record_chunks c on c.ledger_id = h.hub and c.first_leaf + c.leaf_count > h.low
cross join lateral (
  select place, least(greatest(coalesce(c.text_ends[place - 1], 0), 0), octet_length(c.texts)) as begin
  from generate_subscripts(c.text_ends, 1) as place
) as s
join unnest($3::integer[] /* ledgers */, $4::bytea[] /* origins, each with a line break */) as o (ledger_id, head)
  on substring(c.texts from s.begin + 1 for octet_length(o.head)) = o.head
where c.first_leaf + s.place - 1 >= h.low
  and not exists (
    select from hub_entries e
    where e.hub_ledger_id = c.ledger_id and e.hub_index = c.first_leaf + s.place - 1 and e.ledger_id = o.ledger_id
  )
group by o.ledger_id
