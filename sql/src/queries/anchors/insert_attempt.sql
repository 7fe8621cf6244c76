-- anchors::insert_attempt
insert into anchor_attempts (anchor_id, tx_hash, nonce, max_fee_wei, priority_wei, raw, created_at)
values ($1 /* anchor */, $2 /* hash */, $3 /* nonce */, ($4 /* max fee */::text)::numeric,
        ($5 /* priority */::text)::numeric, $6 /* raw */, $7 /* created_at */)
on conflict (anchor_id, tx_hash) do nothing
