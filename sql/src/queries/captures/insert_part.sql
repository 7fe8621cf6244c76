-- captures::insert_part
insert into capture_parts (capture_id, party, ledger_id, document_sha256, first_event, events, of_events, outcome,
                           received_at)
values ($1 /* capture */, $2 /* party */, $3 /* ledger */, $4 /* digest */, $5 /* first_event */, $6 /* events */,
        $7 /* of_events */, $8 /* outcome */, $9 /* received_at */)
