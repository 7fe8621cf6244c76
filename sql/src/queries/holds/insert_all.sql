-- holds::insert_all
insert into ledger_holds (ledger_id, cause, size, root, made_at, held_at)
select l.ledger_id, $1 /* cause */, d.size, d.root, $2 /* made at */, $3 /* held at */
from ledgers l join ledger_heads d on d.ledger_id = l.ledger_id
where not exists (
  select 1 from ledger_holds h where h.ledger_id = l.ledger_id and h.cause = $1
  and not exists (select 1 from hold_releases r where r.hold_id = h.hold_id)
)
