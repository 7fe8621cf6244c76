-- expected::overlapping
select despatch_advice, shipped_by, epcs from expected_deliveries
where ledger_id = $1 /* ledger */ and (things && $2 /* keys of the items */ or epcs && $3 /* items */)
order by (select count(*) from unnest(things) thing where thing = any($2)) desc,
         despatch_advice, shipped_by, recorded_in, leaf_index
limit 100
