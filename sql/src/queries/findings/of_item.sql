-- findings::of_item
-- The item's findings first, then their resolutions one by one: a join, or the order, may read all findings.
with of_item as materialized (
  select finding_id, item, rule, evidence, opened_at from findings where item_key = $1 /* key */
)
select f.finding_id, f.item, f.rule, f.evidence, f.opened_at, r.party, r.reason, r.resolved_at, r.note
from of_item f
left join lateral (
  select party, reason, resolved_at, note from finding_resolutions where finding_id = f.finding_id limit 1
) r on true
order by f.finding_id
