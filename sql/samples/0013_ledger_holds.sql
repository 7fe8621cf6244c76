-- Rows as the thirteenth version wrote them; later migrations must apply on top of them.
insert into ledger_holds (ledger_id, cause, size, root, made_at, held_at)
  select ledger_id, 'restored', 0, decode(repeat('00', 32), 'hex'), now(), now() from ledgers where origin = 'b.example/x';
insert into hold_releases (hold_id, reason, evidence, released_at) select hold_id, 'a rehearsal', '', now() from ledger_holds;
