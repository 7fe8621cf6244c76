-- events::skip_erased
insert into projection_skips (ledger_id, leaf_index, reason)
values ($1 /* ledger */, $2 /* leaf */, $3 /* reason */) on conflict (ledger_id, leaf_index) do update set reason = excluded.reason
