-- events::forget_block
delete from event_blocks where block = $1 /* block */
