-- findings::of_item
-- Several may ask, each of one item. The item's findings first, then their resolutions one by one: a join, or the order, may read
-- all findings.
with of_item as materialized (
  select f.finding_id, f.item, f.rule, f.evidence, f.opened_at, a.number
  from unnest($1::bigint[] /* keys */) with ordinality as a (item_key, number)
  cross join lateral (
    select finding_id, item, rule, evidence, opened_at from findings where item_key = a.item_key offset 0
  ) as f
)
select f.finding_id, f.item, f.rule, f.evidence, f.opened_at, r.party, r.reason, r.resolved_at, r.note, f.number
from of_item f
left join lateral (
  select party, reason, resolved_at, note from finding_resolutions where finding_id = f.finding_id limit 1
) r on true
order by f.finding_id
