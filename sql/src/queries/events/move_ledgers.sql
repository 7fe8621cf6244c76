-- events::move_ledgers
-- Only from where the batch began: a ledger that was moved meanwhile gives no row.
insert into projection_positions as p (ledger_id, next_leaf)
select m.ledger_id, m.next_leaf
from unnest($1::integer[] /* ledgers */, $2::bigint[] /* first leaves */, $3::bigint[] /* next leaves */)
  as m (ledger_id, first_leaf, next_leaf)
where m.first_leaf = coalesce((select next_leaf from projection_positions where ledger_id = m.ledger_id), 0)
on conflict (ledger_id) do update set next_leaf = excluded.next_leaf
