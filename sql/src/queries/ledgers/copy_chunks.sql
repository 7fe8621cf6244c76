-- ledgers::copy_chunks
copy record_chunks (ledger_id, first_leaf, leaf_count, leaf_hashes, secrets, records) from stdin (format binary)
