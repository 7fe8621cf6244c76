-- master::waiting
select d.party, d.document_sha256, d.body
from unnest($1::text[] /* parties */, $2::bytea[] /* documents */) as n (party, document_sha256)
cross join lateral (
  select party, document_sha256, body from received_documents
  where party = n.party and document_sha256 = n.document_sha256 limit 1
) as d
where (
  select true from master_data_documents as t
  where t.party = n.party and t.document_sha256 = n.document_sha256 limit 1
) is null
