-- events::read
-- A slice may have been made impossible by whoever owns the tables: then its ends are moved into the text, and it does not fit its hash.
-- How long the slices are is known from their ends: texts are read in the order that was asked for, as far as there is room.
with slices as materialized (
  select p.number, e.position, e.ledger_id, e.leaf_index, e.event_time, e.record_time, e.event_id,
         c.texts, c.secrets, c.leaf_hashes, c.place, c.begin, greatest(c.behind - c.begin, 0) as bytes
  from unnest($1::bigint[] /* positions */) with ordinality as p (position, number)
  cross join lateral (
    select position, ledger_id, leaf_index, event_time, record_time, event_id from events
    where position = p.position limit 1
  ) as e
  left join lateral (
    select k.texts, k.secrets, k.leaf_hashes, n.place,
           least(greatest(coalesce(k.text_ends[n.place - 1], 0), 0), octet_length(k.texts)) as begin,
           least(greatest(coalesce(k.text_ends[n.place], 0), 0), octet_length(k.texts)) as behind
    from (
      select first_leaf, leaf_count, leaf_hashes, secrets, texts, text_ends from record_chunks
      where ledger_id = e.ledger_id and first_leaf <= e.leaf_index
      order by first_leaf desc limit 1
    ) as k
    cross join lateral (select least(e.leaf_index - k.first_leaf, 256)::integer + 1) as n (place)
    where e.leaf_index - k.first_leaf < k.leaf_count
  ) as c on true
), sums as (
  select *, sum(coalesce(bytes, 0)) over (order by number rows unbounded preceding) as bytes_with from slices
)
select s.number, s.position, s.ledger_id, coalesce((select origin from ledgers where ledger_id = s.ledger_id), ''), s.leaf_index,
       s.event_time, s.record_time, s.event_id, s.place is not null, s.bytes_with <= $2::bigint /* most bytes */ or s.number = 1,
       case when s.bytes_with <= $2 or s.number = 1 then substring(s.texts from s.begin + 1 for s.bytes) end,
       substring(s.secrets from 16 * s.place - 15 for 16),
       substring(s.leaf_hashes from 32 * s.place - 31 for 32)
from sums s order by s.number
