-- items::records
select i.leaf_index, c.records[(i.leaf_index - c.first_leaf + 1)::integer],
       substring(c.leaf_hashes from (32 * (i.leaf_index - c.first_leaf) + 1)::integer for 32),
       substring(c.secrets from (16 * (i.leaf_index - c.first_leaf) + 1)::integer for 16)
from unnest($2::bigint[] /* indexes */) as i (leaf_index)
cross join lateral (
  select first_leaf, leaf_count, leaf_hashes, secrets, records from record_chunks
  where ledger_id = $1 /* ledger */ and first_leaf <= i.leaf_index
  order by first_leaf desc limit 1
) as c
where i.leaf_index < c.first_leaf + c.leaf_count
