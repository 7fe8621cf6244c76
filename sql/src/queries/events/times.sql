-- events::times
select e.position, e.event_time, e.record_time
from unnest($1::bigint[] /* positions */) as p (position)
cross join lateral (
  select position, event_time, record_time from events where position = p.position limit 1
) as e
