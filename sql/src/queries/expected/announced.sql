-- expected::announced
select epcs from expected_deliveries
where ledger_id = $1 /* ledger */ and shipped_by = $2 /* shipped_by */ and despatch_advice = $3 /* despatch_advice */
  and recorded_in = $4 /* recorded_in */
order by leaf_index desc limit 100
