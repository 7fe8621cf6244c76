-- anchors::open
select a.anchor_id, a.hub_ledger_id, a.hub_size, a.hub_root, a.chain_id, a.contract, a.created_at,
       s.state, s.tx_hash, s.block_number, s.block_hash, s.updated_at
from anchors a join anchor_states s using (anchor_id)
where s.state <> 'final' order by a.anchor_id
