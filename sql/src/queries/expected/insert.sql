-- expected::insert
insert into expected_deliveries (ledger_id, despatch_advice, shipped_by, epcs, things, recorded_in, leaf_index)
values ($1 /* ledger */, $2 /* despatch_advice */, $3 /* shipped_by */, $4 /* epcs */, $5 /* things */,
        $6 /* recorded_in */, $7 /* leaf_index */)
on conflict (ledger_id, shipped_by, despatch_advice, recorded_in, leaf_index) do nothing
