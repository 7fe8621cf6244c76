-- Rows as the roles of the processes wrote them under the seventh version; later migrations must apply on top of them.
set role chopmark_anchor;
insert into forks (ledger_id, old_note, new_note, reason, at) select ledger_id, 'old', 'newer', 'two different roots are signed for size 4', now() from ledgers where origin = 'b.example/x';
reset role;
