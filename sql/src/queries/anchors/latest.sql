-- anchors::latest
select a.hub_size, s.state from anchors a join anchor_states s using (anchor_id)
where a.hub_ledger_id = $1 /* hub */ order by a.hub_size desc limit 1
