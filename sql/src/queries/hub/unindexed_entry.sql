-- hub::unindexed_entry
select c.first_leaf + s.place - 1
from record_chunks c join ledgers l using (ledger_id)
cross join lateral (
  select place, least(greatest(coalesce(c.text_ends[place - 1], 0), 0), octet_length(c.texts)) as begin
  from generate_subscripts(c.text_ends, 1) as place
) as s
where l.kind = 'hub' and substring(c.texts from s.begin + 1 for octet_length($2::bytea)) = $2 /* origin and a line break */
  and not exists (
    select from hub_entries e
    where e.hub_ledger_id = c.ledger_id and e.hub_index = c.first_leaf + s.place - 1 and e.ledger_id = $1 /* ledger */
  )
order by 1 desc limit 1
