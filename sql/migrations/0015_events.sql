-- The projection of events: what queries and traces search. It is filled from committed records of site ledgers by one projector at a
-- time, can be made anew from them at any moment, and proves nothing: who answers from it reads the record again and checks it.

-- One row for each record of a site ledger that is an event. Positions are 1, 2, 3 ... without gaps, in the order of projection.
create table events (
  position    bigint constraint events_pkey primary key constraint events_position check (position > 0),
  ledger_id   integer not null,
  leaf_index  bigint not null constraint events_leaf check (leaf_index >= 0),
  event_time  bigint not null,       -- microseconds since 1970; finer digits are cut off
  record_time bigint not null,       -- when its ledger recorded it, microseconds since 1970
  event_key   bigint not null,       -- first 8 bytes of SHA-256 of event_id, big-endian, signed
  event_id    text not null,         -- the event's own id, or its event hash
  constraint events_once unique (ledger_id, leaf_index)
);
create index events_by_event_time on events (event_time, position);
create index events_by_record_time on events (record_time, position);
create index events_by_id on events (event_key, position);

-- Which events have a term, 512 positions a row: a common term takes 2 bytes an event, a rare one has one row.
create table event_postings (
  term   bigint not null,            -- 8 bytes of a hash of field and value, signed
  block  bigint not null constraint event_postings_block check (block >= 0),  -- position / 512
  places bytea not null,             -- position % 512 of each, 2 bytes, big-endian, in order
  constraint event_postings_pkey primary key (term, block),
  constraint event_postings_places check (octet_length(places) between 2 and 1024)
);

-- Values of the standard's top-level resources that were seen.
create table event_values (
  resource smallint not null,        -- event type, EPC, business step, location, read point, disposition
  value    text collate "C" not null constraint event_values_size check (octet_length(value) <= 1024),
  constraint event_values_pkey primary key (resource, value)
);

-- Which events move a thing into, out of or through another: the steps of a trace.
create table trace_links (
  thing_key bigint not null,         -- as in item_records
  position  bigint not null,
  role      smallint not null,       -- what the thing is in the event
  constraint trace_links_pkey primary key (thing_key, position, role)
);

-- How far the projection is. The one row is locked while events are added, so there is one writer.
create table projection_head (
  is_only    boolean not null default true constraint projection_head_pkey primary key
             constraint projection_head_only check (is_only),
  position   bigint not null constraint projection_head_position check (position >= 0),  -- of the newest event
  generation bigint not null         -- how often the projection was begun anew: places of another one mean nothing
);
insert into projection_head (position, generation) values (0, 1);

create table projection_positions (
  ledger_id integer not null constraint projection_positions_pkey primary key,
  next_leaf bigint not null constraint projection_positions_next check (next_leaf >= 0)  -- first record that was not looked at
);

-- Records that are no events, or could not be read.
create table projection_skips (
  ledger_id  integer not null,
  leaf_index bigint not null,
  reason     text not null constraint projection_skips_reason check (octet_length(reason) <= 1024),  -- for people
  constraint projection_skips_pkey primary key (ledger_id, leaf_index)
);

grant select, insert on events, event_postings, event_values, trace_links, projection_positions, projection_skips
  to chopmark_trace_api;
grant select on projection_head to chopmark_trace_api;
grant update (position) on projection_head to chopmark_trace_api;
grant update (places) on event_postings to chopmark_trace_api;
grant update (next_leaf) on projection_positions to chopmark_trace_api;
