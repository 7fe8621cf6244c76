-- hub::indexed
select e.hub_ledger_id, e.ledger_id, max(e.ledger_size), count(*)
from unnest($1::integer[] /* hubs */, $2::bigint[] /* from */, $3::bigint[] /* to */) as w (hub, low, high)
join hub_entries e on e.hub_ledger_id = w.hub and e.hub_index >= w.low and e.hub_index < w.high
group by e.hub_ledger_id, e.ledger_id
union all
select w.hub, null, null, (
  select count(*) from hub_entries e
  where e.hub_ledger_id = w.hub and e.hub_index >= 0 and e.hub_index < w.low
)
from unnest($1, $2) as w (hub, low)
where w.low > 0
