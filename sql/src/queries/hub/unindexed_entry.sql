-- hub::unindexed_entry
select c.first_leaf + n.place - 1
from record_chunks c join ledgers l using (ledger_id)
cross join lateral unnest(c.records) with ordinality as n (note, place)
where l.kind = 'hub' and starts_with(n.note, $2 /* origin and a line break */)
  and not exists (
    select from hub_entries e
    where e.hub_ledger_id = c.ledger_id and e.hub_index = c.first_leaf + n.place - 1 and e.ledger_id = $1 /* ledger */
  )
order by 1 desc limit 1
