-- captures::outcome
select asked.place, c.outcome
from unnest($1::text[] /* parties */, $2::bytea[] /* digests */) with ordinality asked (party, digest, place)
cross join lateral (
  select outcome from captures where party = asked.party and document_sha256 = asked.digest limit 1
) c
