-- ledgers::subtrees
select position, hash from subtree_hashes
where ledger_id = $1 /* ledger */ and level = $2 /* level */
  and position >= $3 /* from */ and position < $4 /* to */
order by position
