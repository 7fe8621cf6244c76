-- ledgers::states
-- Forks are read in no order: by their number, the planner might look through those of all ledgers.
-- One statement, so that a ledger and what the hub has of it are of one moment.
select l.ledger_id, l.origin, l.kind, l.party, coalesce(h.size, 0), c.size, c.root, c.note, c.recorded_at,
       e.hub_ledger_id, e.hub_index, e.ledger_size, r.text, r.leaf_hash,
       array(
         select n.note
         from (
           select old_note, new_note from forks where ledger_id = l.ledger_id limit $3::bigint /* most forks */
         ) as f
         cross join lateral (values (f.old_note), (f.new_note)) as n (note)
       ),
       (
         select greatest(count(*) - $3::bigint, 0)
         from (select from forks where ledger_id = l.ledger_id limit $4::bigint /* most forks that are counted */) as f
       )
from (
  select distinct i.ledger_id
  from unnest($1::bigint[] /* keys */) as k (item_key)
  cross join lateral (select ledger_id from item_records where item_key = k.item_key offset 0) as i
  where i.ledger_id <> all($2::integer[] /* ledgers that are known */)
) as w
join ledgers l using (ledger_id)
left join ledger_heads h using (ledger_id)
left join lateral (
  select size, root, note, recorded_at from checkpoints
  where ledger_id = w.ledger_id order by size desc limit 1
) as c on true
left join lateral (
  select hub_ledger_id, hub_index, ledger_size from hub_entries
  where ledger_id = w.ledger_id order by ledger_size desc limit 1
) as e on true
left join lateral (
  select substring(k.texts from s.begin + 1 for greatest(s.behind - s.begin, 0)) as text,
         substring(k.leaf_hashes from 32 * s.place - 31 for 32) as leaf_hash
  from (
    select first_leaf, leaf_count, leaf_hashes, texts, text_ends from record_chunks
    where ledger_id = e.hub_ledger_id and first_leaf <= e.hub_index
    order by first_leaf desc limit 1
  ) as k
  cross join lateral (
    select n.place,
           least(greatest(coalesce(k.text_ends[n.place - 1], 0), 0), octet_length(k.texts)) as begin,
           least(greatest(coalesce(k.text_ends[n.place], 0), 0), octet_length(k.texts)) as behind
    from (select least(e.hub_index - k.first_leaf, 256)::integer + 1) as n (place)
  ) as s
  where e.hub_index - k.first_leaf < k.leaf_count
) as r on true
