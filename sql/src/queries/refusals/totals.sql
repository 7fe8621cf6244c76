-- refusals::totals
select kind, code, sum(count)::bigint from refusals group by kind, code order by kind, code
