-- expected::overlapping
-- By the items first: by the ledger first, every advice of the ledger may be read.
with named as materialized (
  select ledger_id, despatch_advice, shipped_by, epcs, things, recorded_in, leaf_index
  from expected_deliveries where things && $2 /* keys of the items */
  union
  select ledger_id, despatch_advice, shipped_by, epcs, things, recorded_in, leaf_index
  from expected_deliveries where epcs && $3 /* items */
)
select despatch_advice, shipped_by, epcs from named
where ledger_id = $1 /* ledger */
order by (select count(*) from unnest(things) thing where thing = any($2)) desc,
         despatch_advice, shipped_by, recorded_in, leaf_index
limit 100
