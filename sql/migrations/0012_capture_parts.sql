-- A long document is recorded in several commits. Each but the last leaves a row here, in the same transaction as its
-- records, so that the document, sent again after a crash, is continued and nothing of it is recorded twice. The last one
-- writes the row of `captures`.
create table capture_parts (
  capture_id      text not null,
  party           text not null,     -- partner that sent it
  ledger_id       integer not null constraint capture_parts_ledger references ledgers,
  document_sha256 bytea not null constraint capture_parts_digest check (octet_length(document_sha256) = 32),
  first_event     integer not null constraint capture_parts_first check (first_event >= 0),  -- place in the document
  events          integer not null constraint capture_parts_events check (events > 0),       -- recorded or refused
  of_events       integer not null constraint capture_parts_of check (of_events > first_event + events),  -- in all
  outcome         text not null,     -- what was recorded and refused of these events, JSON
  received_at     timestamptz not null,
  constraint capture_parts_pkey primary key (party, document_sha256, first_event)
);
create trigger capture_parts_append_only before update or delete or truncate on capture_parts
  for each statement execute function refuse_change();
grant select, insert on capture_parts to chopmark_ingest;
