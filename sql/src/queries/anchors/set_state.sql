-- anchors::set_state
update anchor_states set state = $2 /* state */, tx_hash = $3 /* hash */, block_number = $4 /* height */,
  block_hash = $5 /* block */, updated_at = now()
where anchor_id = $1 /* anchor */
