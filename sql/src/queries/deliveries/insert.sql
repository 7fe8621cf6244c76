-- deliveries::insert
insert into deliveries (bridge, boot, seq, ledger_id, body, signature, outcome, received_at)
values ($1 /* bridge */, $2 /* boot */, $3 /* seq */, $4 /* ledger */, $5 /* body */, $6 /* signature */,
        $7 /* outcome */, $8 /* received_at */)
