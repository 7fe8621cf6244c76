-- Documents of partners that are XML, as they were received. Their events are recorded in the JSON form that the mapping makes; what
-- stands around the events, such as a statement of the trading partner in the header, is kept here only. A record names the SHA-256
-- of the document, so it can be shown to be the one that the events came with. Written with the first events that are recorded of it.
create table received_documents (
  party           text not null,     -- partner that sent it
  document_sha256 bytea not null,
  body            bytea not null,
  received_at     timestamptz not null,
  constraint received_documents_pkey primary key (party, document_sha256),
  constraint received_documents_digest check (document_sha256 = sha256(body))
);
create trigger received_documents_append_only before update or delete or truncate on received_documents
  for each statement execute function refuse_change();
grant select, insert on received_documents to chopmark_ingest;

-- Events that partners created one by one under ids of their own. Such an id is used once: created again with the same content it is
-- the same event, with other content it is refused. Written with the record.
create table created_events (
  party           text not null,     -- partner that created it
  event_id_sha256 bytea not null constraint created_events_id check (octet_length(event_id_sha256) = 32),
  event_sha256    bytea not null constraint created_events_event check (octet_length(event_sha256) = 32),  -- of its canonical JSON
  constraint created_events_pkey primary key (party, event_id_sha256)
);
create trigger created_events_append_only before update or delete or truncate on created_events
  for each statement execute function refuse_change();
grant select, insert on created_events to chopmark_ingest;

-- A partner's capture jobs, newest first: those that ended, and those of which only parts are recorded.
create index captures_listed on captures (party, received_at, capture_id);
create index capture_parts_listed on capture_parts (party, received_at, capture_id) where first_event = 0;
