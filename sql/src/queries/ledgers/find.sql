-- ledgers::find
select ledger_id, origin, kind, party from ledgers where origin = $1 /* origin */
