-- ledgers::list
select ledger_id, origin, kind, party from ledgers order by ledger_id
