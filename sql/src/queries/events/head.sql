-- events::head
select position, generation from projection_head
