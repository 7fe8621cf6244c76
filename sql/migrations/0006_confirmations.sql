-- What the endpoints of a chain said about an anchor's block; and what ingest reads so that it never signs a ledger that
-- is shorter than the hub's last entry of it.

create table anchor_confirmations (
  confirmation_id bigint generated always as identity constraint anchor_confirmations_pkey primary key,
  anchor_id       bigint not null constraint anchor_confirmations_anchor references anchors,
  endpoint_host   text not null,         -- host and port; the rest of the address may hold a provider's key
  agreed          boolean not null,      -- whether it named the block and receipt of the proof, deep enough
  answer          text not null,         -- what it said, for people
  at              timestamptz not null   -- of the round: all endpoints of one round have the same time
);
create index anchor_confirmations_round on anchor_confirmations (anchor_id, at);

create trigger anchor_confirmations_append_only before update or delete or truncate on anchor_confirmations
  for each statement execute function refuse_change();

grant select, insert on anchor_confirmations to chopmark_anchor;
grant select on anchor_confirmations to chopmark_trace_api;

-- Ingest compares its ledgers with the hub's last entries before it signs, and keeps the evidence if they do not fit.
grant select on hub_entries, checkpoints to chopmark_ingest;
grant select, insert on forks to chopmark_ingest;
