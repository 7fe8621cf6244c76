-- Rows as the roles of the processes wrote them under the second version; later migrations must apply on top of them.
set role chopmark_ingest;
insert into ledgers (origin, kind, party, created_at) values ('b.example/x', 'site', 'B', now());
insert into ledger_heads (ledger_id, size, root) select ledger_id, 1, decode(repeat('11', 32), 'hex') from ledgers where origin = 'b.example/x';
insert into rule_states select ledger_id, 'r', 'k', '{}' from ledgers where origin = 'b.example/x';
insert into refusals (at, source, kind, code, detail, body_sha256, excerpt, count) values (now(), 's', 'delivery', 'c', 'd', decode(repeat('44', 32), 'hex'), '', 1);
reset role;
set role chopmark_anchor;
insert into forks (ledger_id, old_note, new_note, reason, at) select ledger_id, 'old', 'new', 'why', now() from ledgers where origin = 'b.example/x';
reset role;
set role chopmark_trace_api;
insert into scans (item_key, item, at, device, role, verdict) values (42, 'urn:x', now(), '\x00', 'consumer', 'CONSISTENT');
reset role;
