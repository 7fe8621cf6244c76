-- rules::set_state
insert into rule_states (ledger_id, rule, state_key, state)
select $1 /* ledger */, new.* from unnest($2::text[] /* rules */, $3::text[] /* keys */, $4::text[] /* states */) new
on conflict (ledger_id, rule, state_key) do update set state = excluded.state
