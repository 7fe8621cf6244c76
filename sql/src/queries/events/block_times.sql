-- events::block_times
select b.block, b.first_event, b.last_event, b.first_record, b.last_record
from unnest($1::bigint[] /* blocks */) as a (block)
cross join lateral (
  select block, first_event, last_event, first_record, last_record from event_blocks where block = a.block limit 1
) as b
