-- Master data: what parties say of parties, places, products and lots. Rows are added and ended, never changed otherwise; what counts
-- and what is a claim is decided when it is read, by the directory.
create table master_data (
  statement_id    bigint generated always as identity constraint master_data_pkey primary key,
  kind            smallint not null,        -- 1 party, 2 place, 3 product, 4 lot, 5 other
  element_key     text collate "C" not null constraint master_data_key check (element_key <> ''),  -- one for all spellings
  element         text not null,            -- as it was stated
  vocabulary      text not null,
  attribute       text collate "C" not null,  -- whole name; `urn:chopmark:mda:child` for what lies within
  place           integer not null constraint master_data_place check (place >= 0),  -- of several values of one attribute
  language        text not null,            -- empty if none was stated
  value           text not null constraint master_data_size check (octet_length(value) <= 4096),
  stated_by       text not null,            -- key of the party; empty for the operator of this installation
  source          smallint not null,        -- 1 header of a document, 2 file
  document_sha256 bytea not null,           -- of the document or the file
  ledger_id       integer,                  -- the record that names the document; none for a file
  leaf_index      bigint,
  since           timestamptz not null,
  ended_at        timestamptz,              -- when it was replaced or retracted
  constraint master_data_source check ((source = 1) = (ledger_id is not null and leaf_index is not null))
);
-- What a party says now.
create unique index master_data_current on master_data (element_key, attribute, stated_by, place, language) where ended_at is null;
create index master_data_by_attribute on master_data (attribute, element_key) where ended_at is null;
create index master_data_listed on master_data (kind, element_key) where ended_at is null;
create index master_data_ended on master_data (ended_at) where ended_at is not null;
create index master_data_history on master_data (element_key, statement_id);

-- Documents whose master data were taken.
create table master_data_documents (
  party           text not null,
  document_sha256 bytea not null,
  statements      integer not null,         -- how many were taken
  problem         text not null constraint master_data_documents_problem check (octet_length(problem) <= 4096),  -- what was left out, for people; empty if nothing
  taken_at        timestamptz not null,
  constraint master_data_documents_pkey primary key (party, document_sha256)
);

grant select, insert on master_data, master_data_documents to chopmark_trace_api;
grant update (ended_at) on master_data to chopmark_trace_api;
grant select on received_documents to chopmark_trace_api;
