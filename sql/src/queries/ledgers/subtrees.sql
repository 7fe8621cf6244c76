-- ledgers::subtrees
select t.ledger_id, t.level, s.position, s.hash
from unnest($1::integer[] /* ledgers */, $2::smallint[] /* levels */, $3::bigint[] /* first positions */)
  as t (ledger_id, level, first_position)
cross join lateral (
  select position, hash from subtree_hashes
  where ledger_id = t.ledger_id and level = t.level
    and position >= t.first_position and position < t.first_position + 256
  offset 0
) as s
order by t.ledger_id, t.level, s.position
