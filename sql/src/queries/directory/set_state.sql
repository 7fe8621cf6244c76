-- directory::set_state
update directory_proposals set state = $2 /* state */ where proposal_id = $1 /* proposal */ and state = 'open'
