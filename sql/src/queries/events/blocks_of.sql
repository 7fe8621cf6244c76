-- events::blocks_of
-- Of a term that is in more blocks than that the newest are given: they show that it is too common.
select p.block
from unnest($1::bigint[] /* terms */) as t (term)
cross join lateral (
  select block from event_postings where term = t.term order by block desc limit $2::bigint /* rows of a term */
) as p
limit $2::bigint /* rows */
