-- deliveries::insert
insert into deliveries (bridge, boot, seq, ledger_id, body, signature, outcome, received_at)
select new.bridge, new.boot, new.seq, $1 /* ledger */, new.body, new.signature, new.outcome, new.received_at
from unnest($2::text[] /* bridges */, $3::bigint[] /* boots */, $4::bigint[] /* seqs */, $5::text[] /* bodies */,
            $6::text[] /* signatures */, $7::text[] /* outcomes */, $8::timestamptz[] /* received_at */)
     new (bridge, boot, seq, body, signature, outcome, received_at)
