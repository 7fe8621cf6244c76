-- hub::covering
-- The hub is compared as a sum, so that entries are found by ledger and size, in which order the first is wanted.
select n.ledger_id, e.hub_index, e.ledger_size, c.size, c.root, c.note, c.recorded_at
from ledgers h
cross join unnest($2::integer[] /* ledgers */, $3::bigint[] /* leaves to be covered */) as n (ledger_id, size)
cross join lateral (
  select hub_index, ledger_size from hub_entries
  where ledger_id = n.ledger_id and ledger_size >= n.size and hub_ledger_id + 0 = h.ledger_id
  order by ledger_size limit 1
) as e
left join lateral (
  select size, root, note, recorded_at from checkpoints
  where ledger_id = n.ledger_id and size >= e.ledger_size order by size limit 1
) as c on true
where h.origin = $1 /* hub */
