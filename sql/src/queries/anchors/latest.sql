-- anchors::latest
select a.hub_size, s.state from anchors a
cross join lateral (select state from anchor_states where anchor_id = a.anchor_id limit 1) s
where a.hub_ledger_id = $1 /* hub */ order by a.hub_size desc limit 1
