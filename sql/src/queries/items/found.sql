-- items::found
-- A slice may have been made impossible by whoever owns the tables: then its ends are moved into the text, and it does not fit its hash.
with hits as materialized (
  select k.item_key, i.ledger_id, i.leaf_index
  from unnest($1::bigint[] /* keys */) as k (item_key)
  cross join lateral (select ledger_id, leaf_index from item_records where item_key = k.item_key offset 0) as i
), few as materialized (
  select count(*) <= $2::bigint /* most whose records are read */ as is_few from hits
)
select h.item_key, h.ledger_id, h.leaf_index, (select is_few from few),
       r.text, r.digest, r.secret, r.leaf_hash, e.hub_index, s.recorded_at, o.recorded_at, r.bytes
from hits h
left join lateral (
  select case when s.bytes <= $3::integer /* largest text that is given */ then t.text end as text,
         case when s.bytes > $3 then sha256(t.text) end as digest, s.bytes,
         substring(c.secrets from 16 * s.place - 15 for 16) as secret,
         substring(c.leaf_hashes from 32 * s.place - 31 for 32) as leaf_hash
  from (
    select first_leaf, leaf_count, leaf_hashes, secrets, texts, text_ends from record_chunks
    where ledger_id = h.ledger_id and first_leaf <= h.leaf_index and (select is_few from few)
      and not exists (
        select from unnest($4::integer[] /* ledgers of records that were read before */, $5::bigint[] /* indexes */)
          as n (ledger_id, leaf_index)
        where n.ledger_id = h.ledger_id and n.leaf_index = h.leaf_index
      )
    order by first_leaf desc limit 1
  ) as c
  cross join lateral (
    select e.place, e.begin, greatest(e.behind - e.begin, 0) as bytes
    from (
      select n.place,
             least(greatest(coalesce(c.text_ends[n.place - 1], 0), 0), octet_length(c.texts)) as begin,
             least(greatest(coalesce(c.text_ends[n.place], 0), 0), octet_length(c.texts)) as behind
      from (select least(h.leaf_index - c.first_leaf, 256)::integer + 1) as n (place)
    ) as e
  ) as s
  -- Read once, used twice. Very large ones are not even hashed.
  cross join lateral (
    select case when s.bytes <= 262144 then substring(c.texts from s.begin + 1 for s.bytes) end as text offset 0
  ) as t
  where h.leaf_index - c.first_leaf < c.leaf_count
) as r on true
left join lateral (
  select hub_ledger_id, hub_index from hub_entries
  where ledger_id = h.ledger_id and ledger_size > h.leaf_index and (select is_few from few)
  order by ledger_size limit 1
) as e on true
left join lateral (
  select recorded_at from checkpoints
  where ledger_id = e.hub_ledger_id and size > e.hub_index order by size limit 1
) as s on true
left join lateral (
  select recorded_at from checkpoints
  where ledger_id = h.ledger_id and size > h.leaf_index and (select is_few from few)
  order by size limit 1
) as o on true
