-- events::group_sizes
-- Of a common term only so many rows are looked at: more need not be known to choose another one.
select g.number, sum(f.found)::bigint, coalesce(sum(f.bytes), 0)::bigint, max(f.found)::bigint
from unnest($1::integer[] /* groups */, $2::bigint[] /* terms */) as g (number, term)
cross join lateral (
  select count(*) as found, sum(octet_length(r.places)) as bytes
  from (select places from event_postings where term = g.term limit $3::bigint /* rows of a term */) as r
) as f
group by g.number
