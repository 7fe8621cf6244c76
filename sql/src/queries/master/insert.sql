-- master::insert
insert into master_data (kind, element_key, element, vocabulary, attribute, place, language, value, stated_by, source,
  document_sha256, ledger_id, leaf_index, since)
select n.kind, n.key, n.element, n.vocabulary, n.attribute, n.place, n.language, n.value, $1 /* stated by */, $2 /* source */,
  $3 /* document */, $4::integer /* ledger */, $5::bigint /* index */, $6 /* since */
from unnest($7::smallint[] /* kinds */, $8::text[] /* keys */, $9::text[] /* elements */, $10::text[] /* vocabularies */,
  $11::text[] /* attributes */, $12::integer[] /* places */, $13::text[] /* languages */, $14::text[] /* values */)
  as n (kind, key, element, vocabulary, attribute, place, language, value)
on conflict (element_key, attribute, stated_by, place, language) where ended_at is null do nothing
