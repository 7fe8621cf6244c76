-- expected::differences
select l.origin, d.leaf_index, d.despatch_advice, d.shipped_by, d.announced, d.received, d.missing, d.unexpected, d.at
from differences d
join ledgers l using (ledger_id)
where $1::text /* despatch_advice, or null for all */ is null or d.despatch_advice = $1
order by d.at desc limit 1000
