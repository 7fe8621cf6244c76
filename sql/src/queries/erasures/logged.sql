-- erasures::logged
-- Chunks of logs in which the word stands; who reads them looks at each record.
select c.ledger_id, c.first_leaf, c.leaf_count, c.leaf_hashes, c.secrets, c.texts, c.text_ends
from record_chunks c join ledgers l using (ledger_id)
where l.kind = 'audit' and position(convert_to($1 /* word */, 'UTF8') in c.texts) > 0
order by c.ledger_id, c.first_leaf
