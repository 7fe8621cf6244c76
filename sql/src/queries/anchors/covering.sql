-- anchors::covering
select a.hub_size, a.hub_root, a.chain_id, a.contract, p.block_number, p.block_hash, p.block_time, p.header,
       p.transaction_index, p.receipt, p.proof, p.final_at, a.anchor_id
from anchors a
-- One for each anchor that is looked at: a join may read all proofs.
cross join lateral (select * from anchor_proofs where anchor_id = a.anchor_id limit 1) p
where a.hub_ledger_id = $1 /* hub */ and a.hub_size >= $2 /* size */ order by a.hub_size limit 1
