-- ledgers::insert_subtrees
insert into subtree_hashes (ledger_id, level, position, hash)
select $1 /* ledger */, new.* from unnest($2::smallint[] /* levels */, $3::bigint[] /* positions */, $4::bytea[] /* hashes */) new
