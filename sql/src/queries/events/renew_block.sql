-- events::renew_block
insert into event_blocks (block, first_event, last_event, first_record, last_record)
select $1::bigint /* block */, min(event_time), max(event_time), min(record_time), max(record_time)
from events where position >= $1::bigint * 512 and position < ($1::bigint + 1) * 512 having count(*) > 0
