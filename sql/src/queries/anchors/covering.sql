-- anchors::covering
select a.hub_size, a.hub_root, a.chain_id, a.contract, p.block_number, p.block_hash, p.block_time, p.header,
       p.transaction_index, p.receipt, p.proof, p.final_at, a.anchor_id
from anchors a join anchor_proofs p using (anchor_id)
where a.hub_ledger_id = $1 /* hub */ and a.hub_size >= $2 /* size */ order by a.hub_size limit 1
