-- The directory: a ledger of its own kind, whose entries are public notes, and proposals of records.
--
-- Only the owner of the tables writes the directory's ledger: no process can admit anybody. The processes read its
-- entries, to replay them.

alter table ledgers drop constraint ledgers_kind;
alter table ledgers add constraint ledgers_kind check (kind in ('site', 'hub', 'directory'));

-- Records that wait for approvals. The owner writes them, for the people who use the command; no process needs them.
create table directory_proposals (
  proposal_id bigint generated always as identity constraint directory_proposals_pkey primary key,
  text        text not null,         -- what is signed: heading and canonical JSON
  signatures  text[] not null,       -- signature lines so far, without newlines
  proposed_at timestamptz not null,
  state       text not null constraint directory_proposals_state check (state in ('open', 'appended', 'withdrawn'))
);

-- A proposal is kept, whatever became of it.
create trigger directory_proposals_kept before delete or truncate on directory_proposals
  for each statement execute function refuse_change();

-- Ingest opens the directory's checkpoint; checkpoints are public.
grant select on checkpoints to chopmark_ingest;

-- The directory's entries are public, so anchor may read them as it reads the hub's.
drop policy record_chunks_anchor_hub_only on record_chunks;
create policy record_chunks_anchor_public_only on record_chunks as restrictive for select to chopmark_anchor
  using ((select kind from ledgers where ledgers.ledger_id = record_chunks.ledger_id) in ('hub', 'directory'));
