-- anchors::insert_state
insert into anchor_states (anchor_id, state, updated_at) values ($1 /* anchor */, 'prepared', now())
