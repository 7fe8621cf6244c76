-- hub::heads
select l.ledger_id, h.size from ledgers l join ledger_heads h using (ledger_id) where l.kind = 'hub'
