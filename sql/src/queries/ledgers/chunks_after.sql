-- ledgers::chunks_after
select first_leaf, leaf_count, leaf_hashes, secrets, texts, text_ends from record_chunks
where ledger_id = $1 /* ledger */ and first_leaf >= $2 /* leaf */
order by first_leaf limit $3 /* rows */
