-- captures::insert
insert into captures (capture_id, party, ledger_id, document_sha256, outcome, received_at)
select new.capture, new.party, $1 /* ledger */, new.digest, new.outcome, new.received_at
from unnest($2::text[] /* captures */, $3::text[] /* parties */, $4::bytea[] /* digests */, $5::text[] /* outcomes */,
            $6::timestamptz[] /* received_at */) new (capture, party, digest, outcome, received_at)
