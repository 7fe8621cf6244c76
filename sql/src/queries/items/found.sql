-- items::found
-- Several may ask; each for its stretch of the keys, and no row of one counts for another.
-- No text is read: whoever knows this version of the row knows what it says. One row more than is asked for says that there are more,
-- so that an index with very many entries of one key costs no more.
select h.item_key, h.ledger_id, h.leaf_index, c.row_place, c.written_by, c.text_bytes,
       c.text_ends[least(h.leaf_index - c.first_leaf, 256)::integer], c.text_ends[least(h.leaf_index - c.first_leaf, 256)::integer + 1], h.number
from (
  select n.item_key, n.ledger_id, n.leaf_index, a.number
  from unnest($2::integer[] /* first key */, $3::integer[] /* last key */, $4::bigint[] /* most */)
       with ordinality as a (first_key, last_key, most, number)
  cross join lateral (
    select k.item_key, i.ledger_id, i.leaf_index
    from unnest(($1::bigint[] /* keys */)[a.first_key:a.last_key]) as k (item_key)
    cross join lateral (select ledger_id, leaf_index from item_records where item_key = k.item_key offset 0) as i
    limit a.most + 1
  ) as n
) as h
left join lateral (
  select ctid as row_place, xmin as written_by, first_leaf, leaf_count, text_ends, octet_length(texts) as text_bytes
  from record_chunks
  where ledger_id = h.ledger_id and first_leaf <= h.leaf_index
  order by first_leaf desc limit 1
) as c on h.leaf_index - c.first_leaf < c.leaf_count
