-- events::lock_head
select position from projection_head for update
