-- master::with_attributes
-- A span of one attribute in the order of its index: with `=` a plan may read another index whole, in which elements are in order.
select m.kind, m.element_key, m.element, m.vocabulary, m.attribute, m.place, m.language, m.value, m.stated_by, m.source, m.document_sha256,
  m.ledger_id, m.leaf_index, m.since, m.ended_at, m.statement_id
from (select distinct attribute from unnest($1::text[] /* attributes */) as k (attribute)) as named
cross join lateral (
  select * from master_data
  where (attribute, element_key) >= (named.attribute, '') and attribute <= named.attribute and ended_at is null
  order by attribute, element_key limit $2 /* most */
) as m
limit $2
