-- ledgers::insert_head
insert into ledger_heads (ledger_id, size, root)
select ledger_id, 0, $2 /* root of nothing */ from ledgers where origin = $1 /* origin */
on conflict (ledger_id) do nothing
