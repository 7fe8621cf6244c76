-- master::of_elements
select m.kind, m.element_key, m.element, m.vocabulary, m.attribute, m.place, m.language, m.value, m.stated_by, m.source, m.document_sha256,
  m.ledger_id, m.leaf_index, m.since, m.ended_at, m.statement_id
from (select distinct key from unnest($1::text[] /* keys */) as k (key)) as named
cross join lateral (
  select * from master_data where element_key = named.key and ended_at is null and ($2::text /* attribute */ is null or attribute = $2)
  order by element_key, attribute, stated_by, place, language limit $3 /* most */
) as m
order by m.element_key, m.attribute, m.stated_by, m.place, m.language limit $3
