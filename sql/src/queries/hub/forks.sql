-- hub::forks
select ledger_id, old_note, new_note, reason, at from forks order by fork_id
