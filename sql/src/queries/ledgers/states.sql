-- ledgers::states
-- Forks are read in no order: by their number, the planner might look through those of all ledgers.
-- One statement, so that a ledger and what the hub has of it are of one moment. Ledgers of a key are found one after the other from the
-- index, whatever the number of entries between them; each is then looked up alone, however many there are.
-- Several may ask, each for its stretch of the keys and without its stretch of the known ledgers. A ledger of several is looked up once.
with recursive holders as (
  select a.number, k.item_key,
         (select i.ledger_id from item_records i where i.item_key = k.item_key order by i.ledger_id limit 1) as ledger_id
  from unnest($2::integer[] /* first key */, $3::integer[] /* last key */) with ordinality as a (first_key, last_key, number)
  cross join lateral unnest(($1::bigint[] /* keys */)[a.first_key:a.last_key]) as k (item_key)
  union all
  select h.number, h.item_key,
         (select i.ledger_id from item_records i
          where i.item_key = h.item_key and i.ledger_id > h.ledger_id order by i.ledger_id limit 1)
  from holders h where h.ledger_id is not null
)
select l.ledger_id, l.origin, l.kind, l.party, coalesce(h.size, 0), c.size, c.root, c.note, c.recorded_at,
       e.hub_ledger_id, e.hub_index, e.ledger_size, r.row_place, r.written_by,
       array(
         select n.note
         from (
           select old_note, new_note from forks where ledger_id = l.ledger_id limit $7::bigint /* most forks */
         ) as f
         cross join lateral (values (f.old_note), (f.new_note)) as n (note)
       ),
       (
         select greatest(count(*) - $7::bigint, 0)
         from (select from forks where ledger_id = l.ledger_id limit $8::bigint /* most forks that are counted */) as f
       ),
       w.numbers
from (
  select ledger_id, array_agg(distinct number) as numbers from holders
  where ledger_id is not null
    and ledger_id <> all(($4::integer[] /* ledgers that are known */)[
      ($5::integer[] /* first known */)[number::integer]:($6::integer[] /* last known */)[number::integer]])
  group by ledger_id
) as w
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
