-- expected::overlapping
select despatch_advice, epcs from expected_deliveries
where ledger_id = $1 /* ledger */ and epcs && $2 /* items */
order by despatch_advice limit 100
