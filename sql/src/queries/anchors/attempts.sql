-- anchors::attempts
select tx_hash, nonce, max_fee_wei::text, priority_wei::text, raw, created_at from anchor_attempts
where anchor_id = $1 /* anchor */ order by created_at desc
