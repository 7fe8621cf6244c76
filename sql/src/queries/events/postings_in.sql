-- events::postings_in
select t.number, b.block, p.places
from unnest($1::integer[] /* groups */, $2::bigint[] /* terms */) as t (number, term)
cross join unnest($3::bigint[] /* blocks */) as b (block)
cross join lateral (
  select places from event_postings where term = t.term and block = b.block limit 1
) as p
