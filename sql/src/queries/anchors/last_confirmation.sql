-- anchors::last_confirmation
select count(*), count(*) filter (where agreed), max(at) from anchor_confirmations
where anchor_id = $1 /* anchor */
  and at = (select max(at) from anchor_confirmations where anchor_id = $1)
