-- Between which times the events of each block of 512 positions are, so that a search by a party whose events are old reads the blocks that
-- have it in the order of their times, and not all events since.

-- A row may say more than is true of its events, never less.
create table event_blocks (
  block        bigint not null constraint event_blocks_pkey primary key
               constraint event_blocks_block check (block >= 0),  -- position / 512, as in event_postings
  first_event  bigint not null,      -- earliest event time in it, microseconds since 1970
  last_event   bigint not null,      -- latest
  first_record bigint not null,      -- earliest record time in it
  last_record  bigint not null       -- latest
);
insert into event_blocks
select position / 512, min(event_time), max(event_time), min(record_time), max(record_time) from events group by 1;

grant select, insert on event_blocks to chopmark_trace_api;
grant update (first_event, last_event, first_record, last_record) on event_blocks to chopmark_trace_api;
grant select on event_blocks to chopmark_desk;
