-- Rows as the fourth version wrote them; later migrations must apply on top of them.
set role chopmark_ingest;
insert into expected_deliveries (ledger_id, despatch_advice, shipped_by, epcs, things, recorded_in, leaf_index)
  select ledger_id, 'DA', shipper, '{urn:x}', '{urn:x}', ledger_id, 0
  from ledgers, unnest(array['A', 'B']) shipper where origin = 'b.example/x';
insert into differences (ledger_id, leaf_index, despatch_advice, announced, received, missing, unexpected, at, shipped_by)
  select ledger_id, 0, 'DA', 1, 1, '{}', '{}', now(), 'B' from ledgers where origin = 'b.example/x';
reset role;
