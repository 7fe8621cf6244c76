-- Rows as the roles of the processes wrote them under the sixth version; later migrations must apply on top of them.
set role chopmark_anchor;
insert into anchors (hub_ledger_id, hub_size, hub_root, chain_id, contract, created_at) select ledger_id, 1, decode(repeat('11', 32), 'hex'), 1, decode(repeat('5f', 20), 'hex'), now() from ledgers where origin = 'hub.example/h';
insert into anchor_confirmations (anchor_id, endpoint_host, agreed, answer, at) select anchor_id, 'rpc.example', true, 'block 7 is on the chain', now() from anchors;
reset role;
set role chopmark_ingest;
insert into forks (ledger_id, old_note, new_note, reason, at) select ledger_id, 'old', 'new', 'the ledger shrank from 4 to 2 records', now() from ledgers where origin = 'b.example/x';
reset role;
