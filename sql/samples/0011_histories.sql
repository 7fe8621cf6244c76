-- Rows as the roles of the processes wrote them under the eleventh version; later migrations must apply on top of them.
set role chopmark_anchor;
insert into forks (ledger_id, old_note, new_note, reason, at) select ledger_id, 'old', 'newest', 'two different roots are signed for size 5', now() from ledgers where origin = 'b.example/x';
reset role;
