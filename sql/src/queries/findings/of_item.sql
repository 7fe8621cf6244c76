-- findings::of_item
select f.finding_id, f.item, f.rule, f.evidence, f.opened_at, r.party, r.reason, r.resolved_at, r.note
from findings f left join finding_resolutions r using (finding_id)
where f.item_key = $1 /* key */ order by f.finding_id
