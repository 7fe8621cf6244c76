-- hub::unindexed
select o.ledger_id, max(c.first_leaf + s.place - 1)
from unnest($1::integer[] /* hubs */, $2::bigint[] /* from */) as h (hub, low)
-- A chunk never crosses a multiple of 256. Looked up for each hub by itself (offset 0): joined, all chunks might be read.
cross join lateral (
  select first_leaf, texts, text_ends, ledger_id from record_chunks
  where ledger_id = h.hub and first_leaf >= h.low / 256 * 256 and first_leaf + leaf_count > h.low
  offset 0
) as c
cross join lateral (
  select place, least(greatest(coalesce(c.text_ends[place - 1], 0), 0), octet_length(c.texts)) as begin
  from generate_subscripts(c.text_ends, 1) as place
) as s
join unnest($3::integer[] /* ledgers */, $4::bytea[] /* origins, each with a line break */) as o (ledger_id, head)
  on substring(c.texts from s.begin + 1 for octet_length(o.head)) = o.head
where c.first_leaf + s.place - 1 >= h.low
  and (
    select e.ledger_id from hub_entries e
    where e.hub_ledger_id = c.ledger_id and e.hub_index = c.first_leaf + s.place - 1
    limit 1
  ) is distinct from o.ledger_id
group by o.ledger_id
