-- events::postings
select p.block, p.places, t.term
from unnest($1::bigint[] /* terms */) as t (term)
cross join lateral (
  select block, places from event_postings where term = t.term limit $2::bigint /* rows of a term */
) as p
limit $3::bigint /* rows */
