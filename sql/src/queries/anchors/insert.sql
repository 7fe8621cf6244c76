-- anchors::insert
insert into anchors (hub_ledger_id, hub_size, hub_root, chain_id, contract, created_at)
values ($1 /* hub */, $2 /* size */, $3 /* root */, $4 /* chain */, $5 /* contract */, now())
returning anchor_id
