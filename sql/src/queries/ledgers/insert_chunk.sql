-- ledgers::insert_chunk
insert into record_chunks (ledger_id, first_leaf, leaf_count, leaf_hashes, secrets, texts, text_ends)
values ($1 /* ledger */, $2 /* first_leaf */, $3 /* leaf_count */, $4 /* leaf_hashes */, $5 /* secrets */,
        $6 /* texts */, $7 /* text_ends */)
