-- ledgers::leaf_hashes
select t.ledger_id, c.first_leaf, c.leaf_hashes
from unnest($1::integer[] /* ledgers */, $2::bigint[] /* first leaves, multiples of 256 */) as t (ledger_id, first_leaf)
cross join lateral (
  select first_leaf, leaf_hashes from leaf_hash_chunks
  where ledger_id = t.ledger_id and first_leaf >= t.first_leaf and first_leaf < t.first_leaf + 256
  offset 0
) as c
order by t.ledger_id, c.first_leaf
