-- Rows as the third version writes them; later migrations must apply on top of them.
insert into ledgers (origin, kind, party, created_at) values ('who.example/1', 'directory', 'who', now());
insert into ledger_heads (ledger_id, size, root) select ledger_id, 1, decode(repeat('11', 32), 'hex') from ledgers where kind = 'directory';
insert into record_chunks select ledger_id, 0, 1, decode(repeat('22', 32), 'hex'), '', 'note', '{4}' from ledgers where kind = 'directory';
insert into directory_proposals (text, signatures, proposed_at, state) values ('text', array['line'], now(), 'open');
