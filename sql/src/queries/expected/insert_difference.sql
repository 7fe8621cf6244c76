-- expected::insert_difference
insert into differences (ledger_id, leaf_index, despatch_advice, shipped_by, announced, received, missing, unexpected, at)
values ($1 /* ledger */, $2 /* leaf_index */, $3 /* despatch_advice */, $4 /* shipped_by */, $5 /* announced */,
        $6 /* received */, $7 /* missing */, $8 /* unexpected */, $9 /* at */)
