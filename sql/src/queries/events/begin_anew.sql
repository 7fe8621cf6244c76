-- events::begin_anew
update projection_head set position = 0, generation = generation + 1
