-- Rows as the first version wrote them; later migrations must apply on top of them.
insert into ledgers (origin, kind, party, created_at) values ('a.example/x', 'site', 'A', now()), ('hub.example/h', 'hub', 'H', now());
insert into ledger_heads (ledger_id, size, root) select ledger_id, 1, decode(repeat('11', 32), 'hex') from ledgers;
insert into record_chunks select ledger_id, 0, 1, decode(repeat('22', 32), 'hex'), decode(repeat('33', 16), 'hex'), array['{"a":1}'] from ledgers;
insert into checkpoints select ledger_id, 1, decode(repeat('11', 32), 'hex'), 'note', now() from ledgers;
insert into item_records select 42, ledger_id, 0 from ledgers;
insert into deliveries select 'b', 1, 1, ledger_id, '{}', '', '{}', now() from ledgers where kind = 'site';
insert into scans (item_key, item, at, device, role, verdict) values (42, 'urn:x', now(), '\x00', 'consumer', 'CONSISTENT');
