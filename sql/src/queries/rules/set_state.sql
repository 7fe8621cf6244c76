-- rules::set_state
insert into rule_states (ledger_id, rule, state_key, state)
values ($1 /* ledger */, $2 /* rule */, $3 /* key */, $4 /* state */)
on conflict (ledger_id, rule, state_key) do update set state = excluded.state
