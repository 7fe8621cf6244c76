-- items::records
-- A slice may have been made impossible by whoever owns the tables: then its ends are moved into the text, and it does not fit its hash.
select i.ledger_id, i.leaf_index,
       substring(c.texts from s.begin + 1 for greatest(s.behind - s.begin, 0)),
       substring(c.secrets from 16 * s.place - 15 for 16),
       substring(c.leaf_hashes from 32 * s.place - 31 for 32)
from unnest($1::integer[] /* ledgers */, $2::bigint[] /* indexes */) as i (ledger_id, leaf_index)
cross join lateral (
  select first_leaf, leaf_count, leaf_hashes, secrets, texts, text_ends from record_chunks
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
