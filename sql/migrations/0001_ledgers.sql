-- Ledgers, their records and proofs, refusals, anchors, scans.
--
-- Every table in the list at the end is append-only: rows are inserted and never changed or removed. Hashes are
-- SHA-256, 32 bytes. Times are UTC.

create table ledgers (
  ledger_id  integer generated always as identity constraint ledgers_pkey primary key,
  origin     text not null constraint ledgers_origin_unique unique,      -- name in checkpoints
  kind       text not null constraint ledgers_kind check (kind in ('site', 'hub')),
  party      text not null,                                              -- whose ledger, display name
  created_at timestamptz not null
);

create table ledger_heads (
  ledger_id integer constraint ledger_heads_pkey primary key
            constraint ledger_heads_ledger references ledgers,
  size      bigint not null constraint ledger_heads_size check (size >= 0),  -- leaves; compared and swapped
  root      bytea not null constraint ledger_heads_root check (octet_length(root) = 32)
);

-- Up to 256 entries of one commit, never crossing a multiple of 256: a row per event costs seven times more.
create table record_chunks (
  ledger_id   integer not null constraint record_chunks_ledger references ledgers,
  first_leaf  bigint not null constraint record_chunks_first check (first_leaf >= 0),  -- index of the first
  leaf_count  smallint not null constraint record_chunks_count check (leaf_count between 1 and 256),
  leaf_hashes bytea not null,   -- 32 bytes each, in order
  secrets     bytea not null,   -- 16 bytes each, in order; empty for a hub, whose entries are public
  records     text[] not null,  -- canonical text of each record; for a hub the checkpoint notes
  constraint record_chunks_pkey primary key (ledger_id, first_leaf),
  constraint record_chunks_aligned check (first_leaf / 256 = (first_leaf + leaf_count - 1) / 256),
  constraint record_chunks_hashes check (octet_length(leaf_hashes) = 32 * leaf_count),
  constraint record_chunks_secrets check (octet_length(secrets) in (0, 16 * leaf_count)),
  constraint record_chunks_records check (cardinality(records) = leaf_count)
);
alter table record_chunks alter column records set storage external;

-- Hashes of complete subtrees of 256, 65,536, … leaves; with the leaves of one tile they give any proof.
create table subtree_hashes (
  ledger_id integer not null constraint subtree_hashes_ledger references ledgers,
  level     smallint not null constraint subtree_hashes_level check (level in (8, 16, 24, 32, 40, 48, 56)),
  position  bigint not null constraint subtree_hashes_position check (position >= 0),
  hash      bytea not null constraint subtree_hashes_hash check (octet_length(hash) = 32),
  constraint subtree_hashes_pkey primary key (ledger_id, level, position)
);

create table checkpoints (
  ledger_id   integer not null constraint checkpoints_ledger references ledgers,
  size        bigint not null,       -- leaves covered
  root        bytea not null constraint checkpoints_root check (octet_length(root) = 32),
  note        text not null,         -- the signed note
  recorded_at timestamptz not null,
  constraint checkpoints_pkey primary key (ledger_id, size)
);

-- Which records name an item. The key is 8 bytes of a hash, so a hit is checked against the record's text.
create table item_records (
  item_key   bigint not null,        -- first 8 bytes of SHA-256 of the URI, big-endian, signed
  ledger_id  integer not null,
  leaf_index bigint not null
);
create index item_records_key on item_records using hash (item_key);

create table deliveries (
  bridge      text not null,
  boot        bigint not null,
  seq         bigint not null,
  ledger_id   integer not null constraint deliveries_ledger references ledgers,
  body        text not null,         -- as received
  signature   text not null,         -- base64
  outcome     text not null,         -- the answer that was given, JSON
  received_at timestamptz not null,
  constraint deliveries_pkey primary key (bridge, boot, seq)
);

create table captures (
  capture_id      text not null,
  party           text not null,     -- partner that sent it
  ledger_id       integer not null constraint captures_ledger references ledgers,
  document_sha256 bytea not null constraint captures_digest check (octet_length(document_sha256) = 32),
  outcome         text not null,     -- the answer that was given, JSON
  received_at     timestamptz not null,
  constraint captures_pkey primary key (party, document_sha256)
);

create table refusals (
  refusal_id  bigint generated always as identity constraint refusals_pkey primary key,
  at          timestamptz not null,
  source      text not null,         -- who sent it; as claimed, if unknown
  kind        text not null,         -- delivery, observation, capture
  code        text not null,         -- machine-readable
  detail      text not null,         -- for people
  body_sha256 bytea not null constraint refusals_digest check (octet_length(body_sha256) = 32),
  excerpt     bytea not null constraint refusals_excerpt check (octet_length(excerpt) <= 4096),
  count       bigint not null constraint refusals_count check (count > 0)
);

create table rule_states (
  ledger_id integer not null constraint rule_states_ledger references ledgers,
  rule      text not null,
  state_key text not null,           -- what the rule keeps a state for, e.g. a sensor
  state     text not null,           -- JSON, read by the rule only
  constraint rule_states_pkey primary key (ledger_id, rule, state_key)
);

create table expected_deliveries (
  ledger_id       integer not null constraint expected_ledger references ledgers,  -- of the receiving site
  despatch_advice text not null,
  shipped_by      text not null,
  epcs            text[] not null,
  recorded_in     integer not null constraint expected_recorded references ledgers,
  leaf_index      bigint not null,   -- the sender's record
  constraint expected_deliveries_pkey primary key (ledger_id, despatch_advice)
);
create index expected_deliveries_epcs on expected_deliveries using gin (epcs);

create table differences (
  ledger_id       integer not null constraint differences_ledger references ledgers,
  leaf_index      bigint not null,   -- the receiving record
  despatch_advice text not null,
  announced       integer not null,
  received        integer not null,
  missing         text[] not null,
  unexpected      text[] not null,
  at              timestamptz not null,
  constraint differences_pkey primary key (ledger_id, leaf_index)
);

-- The hub: which entry is which ledger's checkpoint, and forks that were found.
create table hub_entries (
  hub_ledger_id integer not null constraint hub_entries_hub references ledgers,
  hub_index     bigint not null,
  ledger_id     integer not null constraint hub_entries_ledger references ledgers,
  ledger_size   bigint not null,
  constraint hub_entries_pkey primary key (hub_ledger_id, hub_index),
  constraint hub_entries_once unique (ledger_id, ledger_size)
);

create table forks (
  fork_id    bigint generated always as identity constraint forks_pkey primary key,
  ledger_id  integer not null constraint forks_ledger references ledgers,
  old_note   text not null,
  new_note   text not null,
  reason     text not null,
  at         timestamptz not null
);

create table anchors (
  anchor_id     bigint generated always as identity constraint anchors_pkey primary key,
  hub_ledger_id integer not null constraint anchors_hub references ledgers,
  hub_size      bigint not null,
  hub_root      bytea not null constraint anchors_root check (octet_length(hub_root) = 32),
  chain_id      bigint not null,
  contract      bytea not null constraint anchors_contract check (octet_length(contract) = 20),
  created_at    timestamptz not null,
  constraint anchors_once unique (hub_ledger_id, hub_size, chain_id, contract)
);

create table anchor_attempts (
  anchor_id    bigint not null constraint anchor_attempts_anchor references anchors,
  tx_hash      bytea not null constraint anchor_attempts_hash check (octet_length(tx_hash) = 32),
  nonce        bigint not null,
  max_fee_wei  numeric(39) not null,
  priority_wei numeric(39) not null,
  raw          bytea not null,       -- the signed transaction, stored before it is sent
  created_at   timestamptz not null,
  constraint anchor_attempts_pkey primary key (anchor_id, tx_hash)
);

create table anchor_states (
  anchor_id    bigint constraint anchor_states_pkey primary key
               constraint anchor_states_anchor references anchors,
  state        text not null constraint anchor_states_state check (state in ('prepared', 'sent', 'mined', 'final')),
  tx_hash      bytea,
  block_number bigint,
  block_hash   bytea,
  updated_at   timestamptz not null
);

create table anchor_proofs (
  anchor_id         bigint constraint anchor_proofs_pkey primary key
                    constraint anchor_proofs_anchor references anchors,
  block_number      bigint not null,
  block_hash        bytea not null constraint anchor_proofs_block check (octet_length(block_hash) = 32),
  block_time        timestamptz not null,
  header            bytea not null,  -- RLP
  transaction_index bigint not null,
  receipt           bytea not null,
  proof             bytea[] not null,
  final_at          timestamptz not null
);

create table scans (
  scan_id        bigint generated always as identity constraint scans_pkey primary key,
  item_key       bigint not null,
  item           text not null,
  at             timestamptz not null,
  device         bytea not null,     -- keyed hash of address and browser; no address is kept
  role           text not null constraint scans_role check (role in ('consumer', 'shop', 'robot')),
  place          text,
  latitude       double precision,   -- degrees
  longitude      double precision,   -- degrees
  uncertainty_km real,
  verdict        text not null
);
create index scans_item on scans (item_key, at);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

do $$
declare
  name text;
begin
  foreach name in array array[
    'ledgers', 'record_chunks', 'subtree_hashes', 'checkpoints', 'item_records', 'deliveries', 'captures',
    'refusals', 'expected_deliveries', 'differences', 'hub_entries', 'forks', 'anchors', 'anchor_attempts',
    'anchor_proofs', 'scans'
  ] loop
    execute format(
      'create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()',
      name || '_append_only', name);
  end loop;
end $$;
