-- captures::insert
insert into captures (capture_id, party, ledger_id, document_sha256, outcome, received_at)
values ($1 /* capture */, $2 /* party */, $3 /* ledger */, $4 /* digest */, $5 /* outcome */, $6 /* received_at */)
