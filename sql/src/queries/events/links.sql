-- events::links
-- One probe for each thing, and so many rows of it: one that very many events name does not make the answer large.
select l.thing_key, l.position, l.role
from unnest($1::bigint[] /* things */) as t (thing_key)
cross join lateral (
  select thing_key, position, role from trace_links
  where thing_key = t.thing_key and position <= $2 /* newest */ and role = any($4::smallint[] /* roles */)
  order by position limit $3 /* rows of a thing */
) as l
limit $5::bigint /* rows */
