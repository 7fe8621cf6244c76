-- rules::state
select asked.rule, asked.state_key, s.state
from unnest($2::text[] /* rules */, $3::text[] /* keys */) asked (rule, state_key)
join rule_states s on s.ledger_id = $1 /* ledger */ and s.rule = asked.rule and s.state_key = asked.state_key
