-- expected::insert_difference
insert into differences (ledger_id, leaf_index, despatch_advice, announced, received, missing, unexpected, at)
values ($1 /* ledger */, $2 /* leaf_index */, $3 /* despatch_advice */, $4 /* announced */, $5 /* received */,
        $6 /* missing */, $7 /* unexpected */, $8 /* at */)
