-- events::sizes
-- One statement, so that the sizes are those of the head's moment.
select h.position, h.generation, l.origin, p.next_leaf
from projection_head h
left join projection_positions p on true
left join ledgers l using (ledger_id)
