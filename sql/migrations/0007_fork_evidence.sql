-- A history says so when two different pasts of a ledger were signed, so trace-api reads the evidence that is kept of it.
grant select on forks to chopmark_trace_api;
