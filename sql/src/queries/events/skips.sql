-- events::skips
select s.ledger_id, coalesce((select origin from ledgers where ledger_id = s.ledger_id), ''), s.leaf_index, s.reason
from projection_skips s
where (s.ledger_id, s.leaf_index) > ($1 /* ledger */, $2 /* index */)
order by s.ledger_id, s.leaf_index limit $3 /* rows */
