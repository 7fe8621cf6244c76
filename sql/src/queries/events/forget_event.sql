-- events::forget_event
delete from events where ledger_id = $1 /* ledger */ and leaf_index = $2 /* leaf */ returning position
