-- hub::indexed
-- Each stretch is looked up by itself (offset 0): joined, all entries might be read.
select e.hub_ledger_id, e.ledger_id, count(*)
from unnest($1::integer[] /* hubs */, $2::bigint[] /* from */, $3::bigint[] /* to */) as w (hub, low, high)
cross join lateral (
  select hub_ledger_id, ledger_id from hub_entries
  where hub_ledger_id = w.hub and hub_index >= w.low and hub_index < w.high
  offset 0
) as e
group by e.hub_ledger_id, e.ledger_id
union all
select w.hub, null, (
  select count(*) from hub_entries e
  where e.hub_ledger_id = w.hub and e.hub_index >= 0 and e.hub_index < w.low
)
from unnest($1, $2) as w (hub, low)
where w.low > 0
