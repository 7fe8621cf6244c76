-- rules::state
select state from rule_states where ledger_id = $1 /* ledger */ and rule = $2 /* rule */ and state_key = $3 /* key */
