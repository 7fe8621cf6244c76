-- hub::insert_fork
insert into forks (ledger_id, old_note, new_note, reason, at)
select $1 /* ledger */, $2 /* old note */, $3 /* new note */, $4 /* reason */, now()
where not exists (select from forks where ledger_id = $1 and old_note = $2 and new_note = $3)
