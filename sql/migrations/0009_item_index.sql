-- No input makes a look-up or a write longer than its own size.
--
-- The item index as a btree over all three columns. In a hash index every entry of one key is in one chain of pages, and each new one
-- walked it: a key that many records name made every COPY longer than the one before. Here the last record of a key in a ledger is
-- one probe, however many records name it, and the rows need not be visited.
--
-- Existing rows are kept; building the index takes about a second for each million of them.

create index item_records_places on item_records (item_key, ledger_id, leaf_index);
drop index item_records_key;

-- What became of a document is asked by its number, which anchors are not final every few seconds, and what the hub has of a ledger for
-- each checkpoint; these read all documents of the party, all anchors, and all entries of the ledger.
create index captures_id on captures (capture_id, party);
create index anchor_states_open on anchor_states (anchor_id) where state <> 'final';
create index hub_entries_of_ledger on hub_entries (hub_ledger_id, ledger_id, hub_index);
