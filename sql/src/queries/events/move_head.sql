-- events::move_head
update projection_head set position = $1 /* position */
