-- Least rights: what the role of each process may do. The roles themselves are created by `chopmark migrate`.
--
-- Only the owner of the tables changes the schema. A process gets the verbs that its code uses, on the tables that
-- it uses, and nothing else. Where site ledgers and the hub share a table, row-level security keeps their writers
-- apart: ingest writes rows of ledgers of kind 'site', anchor those of kind 'hub'. The owner is not bound by it.

-- Leaf hashes without the records and their secrets, for proofs. Runs with the owner's rights, so that anchor can
-- check that a site's checkpoints extend one another without reading a record.
create view leaf_hash_chunks as select ledger_id, first_leaf, leaf_count, leaf_hashes from record_chunks;

grant usage on schema public to chopmark_ingest, chopmark_anchor, chopmark_trace_api;
-- Each process checks at its start that the schema has the version it expects.
grant select on schema_migrations to chopmark_ingest, chopmark_anchor, chopmark_trace_api;

-- Ledgers: common to all.
grant select on ledgers, ledger_heads, record_chunks, subtree_hashes, leaf_hash_chunks
  to chopmark_ingest, chopmark_anchor, chopmark_trace_api;
grant select on checkpoints to chopmark_anchor, chopmark_trace_api;
grant insert on ledgers, ledger_heads, record_chunks, subtree_hashes, checkpoints
  to chopmark_ingest, chopmark_anchor;
grant update (size, root) on ledger_heads to chopmark_ingest, chopmark_anchor;

-- Ingest.
grant select, insert on item_records, deliveries, captures, expected_deliveries, rule_states to chopmark_ingest;
grant update (state) on rule_states to chopmark_ingest;
grant insert on refusals, differences to chopmark_ingest;

-- Anchor.
grant select, insert on hub_entries, forks, anchors, anchor_attempts, anchor_states, anchor_proofs
  to chopmark_anchor;
grant update (state, tx_hash, block_number, block_hash, updated_at) on anchor_states to chopmark_anchor;

-- Trace-api.
grant select on item_records, expected_deliveries, differences, hub_entries, anchors, anchor_states, anchor_proofs
  to chopmark_trace_api;
grant select, insert on scans to chopmark_trace_api;

-- Rows of the tables that sites and hub share: everybody with the right to select reads all of them, with one
-- exception below.
alter table ledgers enable row level security;
alter table ledger_heads enable row level security;
alter table record_chunks enable row level security;
alter table subtree_hashes enable row level security;
alter table checkpoints enable row level security;

create policy ledgers_read on ledgers for select using (true);
create policy ledgers_ingest on ledgers for insert to chopmark_ingest with check (kind = 'site');
create policy ledgers_anchor on ledgers for insert to chopmark_anchor with check (kind = 'hub');

do $$
declare
  name text;
  writer text;
  written text;
begin
  foreach name in array array['ledger_heads', 'record_chunks', 'subtree_hashes', 'checkpoints'] loop
    execute format('create policy %I on %I for select using (true)', name || '_read', name);
    foreach writer in array array['ingest', 'anchor'] loop
      written := format('(select kind from ledgers where ledgers.ledger_id = %I.ledger_id) = %L', name,
        case writer when 'ingest' then 'site' else 'hub' end);
      execute format('create policy %I on %I for insert to %I with check (%s)',
        name || '_' || writer, name, 'chopmark_' || writer, written);
      if name = 'ledger_heads' then
        execute format('create policy %I on %I for update to %I using (%s)',
          name || '_' || writer || '_update', name, 'chopmark_' || writer, written);
      end if;
    end loop;
  end loop;
end $$;

-- Records and secrets of sites are not anchor's to read.
create policy record_chunks_anchor_hub_only on record_chunks as restrictive for select to chopmark_anchor
  using ((select kind from ledgers where ledgers.ledger_id = record_chunks.ledger_id) = 'hub');
