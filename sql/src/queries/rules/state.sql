-- rules::state
-- Looked up one by one: a join may read all states of the ledger.
select asked.rule, asked.state_key, s.state
from unnest($2::text[] /* rules */, $3::text[] /* keys */) asked (rule, state_key)
cross join lateral (
  select state from rule_states
  where ledger_id = $1 /* ledger */ and rule = asked.rule and state_key = asked.state_key limit 1
) s
