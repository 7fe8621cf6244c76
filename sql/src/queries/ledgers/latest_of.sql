-- ledgers::latest_of
select l.ledger_id, c.size, c.root, c.note, c.recorded_at
from ledgers l cross join lateral (
  select size, root, note, recorded_at from checkpoints where ledger_id = l.ledger_id order by size desc limit 1
) as c
where l.origin = $1 /* origin */
