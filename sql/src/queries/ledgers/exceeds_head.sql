-- ledgers::exceeds_head
-- One statement, so that what is appended meanwhile is seen whole or not at all.
select coalesce((select c.first_leaf + c.leaf_count > h.size from record_chunks c
                 where c.ledger_id = h.ledger_id order by c.first_leaf desc limit 1), false)
    or coalesce((select c.size > h.size from checkpoints c
                 where c.ledger_id = h.ledger_id order by c.size desc limit 1), false)
from ledger_heads h where h.ledger_id = $1 /* ledger */
