-- events::next_leaf
select next_leaf from projection_positions where ledger_id = $1 /* ledger */
