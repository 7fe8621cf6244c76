-- events::waiting
-- The first chunks of every ledger that is behind, all ledgers in turn, as far as there is room for their records and bytes.
with behind as materialized (
  select h.ledger_id, h.size, coalesce(p.next_leaf, 0) as next_leaf
  from ledgers l
  join ledger_heads h using (ledger_id)
  left join projection_positions p using (ledger_id)
  where l.kind = 'site' and h.size > coalesce(p.next_leaf, 0)
), firsts as materialized (
  select b.ledger_id, b.next_leaf, c.first_leaf, c.leaf_count, c.bytes, c.place
  from behind b
  cross join lateral (
    select f.first_leaf, f.leaf_count, f.bytes, row_number() over (order by f.first_leaf) as place
    from (
      select first_leaf, leaf_count, octet_length(texts) as bytes from record_chunks
      where ledger_id = b.ledger_id and first_leaf >= b.next_leaf and first_leaf < b.size
      order by first_leaf limit $1::bigint /* most chunks of a ledger */
    ) as f
  ) as c
), sums as materialized (
  select *, sum(leaf_count) over w as records_with, sum(bytes) over w as bytes_with
  from firsts window w as (order by place, ledger_id rows unbounded preceding)
)
select s.ledger_id, s.next_leaf, c.first_leaf, c.leaf_count, c.leaf_hashes, c.secrets, c.texts, c.text_ends
from sums s
cross join lateral (
  select first_leaf, leaf_count, leaf_hashes, secrets, texts, text_ends from record_chunks
  where ledger_id = s.ledger_id and first_leaf = s.first_leaf limit 1
) as c
where s.place = 1 and s.ledger_id = (select ledger_id from sums order by place, ledger_id limit 1)
  or (s.records_with <= $2::bigint /* most records */ and s.bytes_with <= $3::bigint /* most bytes */)
order by s.ledger_id, s.first_leaf
