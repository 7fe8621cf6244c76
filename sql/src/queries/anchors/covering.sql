-- anchors::covering
-- Two rounds of confirmations at the same time count as one: the last answer of each endpoint.
select a.hub_size, a.hub_root, a.chain_id, a.contract, p.block_number, p.block_hash, p.block_time, p.header,
       p.transaction_index, p.receipt, p.proof, p.final_at, a.anchor_id,
       c.size, c.root, c.note, c.recorded_at, f.asked, f.agreed, f.at
from anchors a
-- One for each anchor that is looked at: a join may read all proofs.
cross join lateral (select * from anchor_proofs where anchor_id = a.anchor_id limit 1) p
left join lateral (
  select size, root, note, recorded_at from checkpoints
  where ledger_id = a.hub_ledger_id and size >= a.hub_size order by size limit 1
) as c on true
cross join lateral (
  select count(*) as asked, count(*) filter (where agreed) as agreed, max(at) as at from (
    select distinct on (endpoint_host) agreed, at from anchor_confirmations
    where anchor_id = a.anchor_id
      and at = (select max(at) from anchor_confirmations where anchor_id = a.anchor_id)
    order by endpoint_host, confirmation_id desc
  ) as last_answers
) as f
where a.hub_ledger_id = $1 /* hub */ and a.hub_size >= $2 /* size */ order by a.hub_size limit 1
