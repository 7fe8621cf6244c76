-- deliveries::outcome
-- Of a delivery that was erased the digest is kept.
select asked.place, d.outcome,
       case when d.body like 'erased:%' then decode(substring(d.body from 8), 'hex') else sha256(convert_to(d.body, 'UTF8')) end
from unnest($1::text[] /* bridges */, $2::bigint[] /* boots */, $3::bigint[] /* seqs */)
     with ordinality asked (bridge, boot, seq, place)
cross join lateral (
  select outcome, body from deliveries where bridge = asked.bridge and boot = asked.boot and seq = asked.seq limit 1
) d
