-- items::places
-- The newest of each ledger, so that nothing which one ledger says of a key hides what another one says. The ledgers of a key are found
-- one after the other from the index, whatever the number of entries between them.
with recursive holders as (
  select k.item_key,
         (select i.ledger_id from item_records i where i.item_key = k.item_key order by i.ledger_id limit 1) as ledger_id
  from unnest($1::bigint[] /* keys */) as k (item_key)
  union all
  select h.item_key,
         (select i.ledger_id from item_records i
          where i.item_key = h.item_key and i.ledger_id > h.ledger_id order by i.ledger_id limit 1)
  from holders h where h.ledger_id is not null
)
select h.item_key, h.ledger_id, i.leaf_index
from holders h
cross join lateral (
  select leaf_index from item_records
  where item_key = h.item_key and ledger_id = h.ledger_id
  order by leaf_index desc limit $2::bigint /* most of one key in one ledger */
) as i
where h.ledger_id is not null
