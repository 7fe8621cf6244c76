-- ledgers::leaf_hashes
select first_leaf, leaf_count, leaf_hashes from leaf_hash_chunks
where ledger_id = $1 /* ledger */ and first_leaf >= $2 /* from, a multiple of 256 */ and first_leaf < $3 /* to */
order by first_leaf
