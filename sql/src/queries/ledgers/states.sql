-- ledgers::states
-- Forks are read in no order: by their number, the planner might look through those of all ledgers.
-- One statement, so that a ledger and what the hub has of it are of one moment. Each ledger is looked up alone, however many there are.
select l.ledger_id, l.origin, l.kind, l.party, coalesce(h.size, 0), c.size, c.root, c.note, c.recorded_at,
       e.hub_ledger_id, e.hub_index, e.ledger_size, r.row_place, r.written_by,
       array(
         select n.note
         from (
           select old_note, new_note from forks where ledger_id = l.ledger_id limit $2::bigint /* most forks */
         ) as f
         cross join lateral (values (f.old_note), (f.new_note)) as n (note)
       ),
       (
         select greatest(count(*) - $2::bigint, 0)
         from (select from forks where ledger_id = l.ledger_id limit $3::bigint /* most forks that are counted */) as f
       )
from (select distinct ledger_id from unnest($1::integer[] /* ledgers */) as i (ledger_id)) as w
cross join lateral (
  select ledger_id, origin, kind, party from ledgers where ledger_id = w.ledger_id offset 0
) as l
left join lateral (select size from ledger_heads where ledger_id = w.ledger_id offset 0) as h on true
left join lateral (
  select size, root, note, recorded_at from checkpoints
  where ledger_id = w.ledger_id order by size desc limit 1
) as c on true
left join lateral (
  select hub_ledger_id, hub_index, ledger_size from hub_entries
  where ledger_id = w.ledger_id order by ledger_size desc limit 1
) as e on true
left join lateral (
  select ctid as row_place, xmin as written_by, first_leaf, leaf_count from record_chunks
  where ledger_id = e.hub_ledger_id and first_leaf <= e.hub_index
  order by first_leaf desc limit 1
) as r on e.hub_index - r.first_leaf < r.leaf_count
