-- hub::newest
select e.hub_index, e.ledger_size, c.size, c.root, c.note, c.recorded_at
from (
  select hub_index, ledger_size from hub_entries
  where ledger_id = $2 /* ledger */ and ledger_size <= $3 /* largest size */
    and hub_ledger_id = $1 /* hub */ and hub_index < $4 /* entries of the hub */
  order by ledger_size desc limit 1
) as e
left join lateral (
  select size, root, note, recorded_at from checkpoints
  where ledger_id = $2 and size >= e.ledger_size order by size limit 1
) as c on true
