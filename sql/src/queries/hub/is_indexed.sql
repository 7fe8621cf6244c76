-- hub::is_indexed
select bool_and(h.size = (select count(*) from hub_entries e where e.hub_ledger_id = h.ledger_id and e.hub_index < h.size))
from ledger_heads h join ledgers l using (ledger_id) where l.kind = 'hub'
