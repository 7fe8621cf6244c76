-- holds::open
select h.hold_id, h.ledger_id, l.origin, l.kind, h.cause, h.size, h.root, h.made_at, h.held_at
from ledger_holds h join ledgers l on l.ledger_id = h.ledger_id
where not exists (select 1 from hold_releases r where r.hold_id = h.hold_id)
order by h.hold_id
