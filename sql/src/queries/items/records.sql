-- items::records
-- The only place where a record is cut out of its chunk. A slice may have been made impossible by whoever owns the tables: then its ends are
-- moved into the text, and it does not fit its hash.
-- How long the slices are is known from their ends: texts are read as far as there is room, in each kind the shortest first.
with slices as materialized (
  select i.ledger_id, i.leaf_index, i.kind, i.number, c.row_place, c.written_by, c.texts, c.secrets, c.leaf_hashes, s.place, s.begin,
         greatest(s.behind - s.begin, 0) as bytes
  from unnest($1::integer[] /* ledgers */, $2::bigint[] /* indexes */, $3::integer[] /* kinds, from 1 */)
    with ordinality as i (ledger_id, leaf_index, kind, number)
  cross join lateral (
    select ctid as row_place, xmin as written_by, first_leaf, leaf_count, leaf_hashes, secrets, texts, text_ends
    from record_chunks
    where ledger_id = i.ledger_id and first_leaf <= i.leaf_index
    order by first_leaf desc limit 1
  ) as c
  cross join lateral (
    select n.place,
           least(greatest(coalesce(c.text_ends[n.place - 1], 0), 0), octet_length(c.texts)) as begin,
           least(greatest(coalesce(c.text_ends[n.place], 0), 0), octet_length(c.texts)) as behind
    from (select least(i.leaf_index - c.first_leaf, 256)::integer + 1) as n (place)
  ) as s
  where i.leaf_index - c.first_leaf < c.leaf_count
), sums as (
  select *, sum(bytes) over (partition by kind order by bytes, number rows unbounded preceding)
    <= ($4::bigint[] /* most bytes of each kind */)[kind] as is_read
  from slices
)
select ledger_id, leaf_index, kind,
       case when is_read then substring(texts from begin + 1 for bytes) end,
       substring(secrets from 16 * place - 15 for 16),
       substring(leaf_hashes from 32 * place - 31 for 32),
       row_place, written_by
from sums
