-- master::end_changed
update master_data set ended_at = $1 /* at */
where statement_id = any(array(
  select m.statement_id
  from (select distinct key, attribute from unnest($3::text[] /* keys */, $4::text[] /* attributes */) as n (key, attribute)) as named
  cross join lateral (
    select statement_id from master_data as old
    where old.element_key = named.key and old.attribute = named.attribute and old.stated_by = $2 /* stated by */
      and old.ended_at is null and old.since <= $1
      and not exists (
        select from unnest($3::text[], $4::text[], $5::integer[] /* places */, $6::text[] /* languages */, $7::text[] /* values */)
          as n (key, attribute, place, language, value)
        where n.key = old.element_key and n.attribute = old.attribute and n.place = old.place and n.language = old.language
          and n.value = old.value
      )
    order by old.element_key, old.attribute, old.stated_by, old.place, old.language limit 100000
  ) as m
))
