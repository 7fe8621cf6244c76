-- anchors::block_times
-- The first final anchor that covers each entry of the hub, one look into the index each.
select p.place, f.block_time
from ledgers l
cross join (select distinct place from unnest($2::bigint[] /* places in the hub */) as i (place)) as p
cross join lateral (
  select q.block_time from anchors a
  cross join lateral (select block_time from anchor_proofs where anchor_id = a.anchor_id limit 1) as q
  where a.hub_ledger_id = l.ledger_id and a.hub_size > p.place order by a.hub_size limit 1
) as f
where l.origin = $1 /* hub */
