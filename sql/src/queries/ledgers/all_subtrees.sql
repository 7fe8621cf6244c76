-- ledgers::all_subtrees
select level, position, hash from subtree_hashes where ledger_id = $1 /* ledger */ order by level, position
