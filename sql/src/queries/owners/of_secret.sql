-- owners::of_secret
-- Each owner of the item up to the next after the one with the secret, and the links of each.
select o.number, a.item, a.number, a.since, l.kind, l.expires_at
from (select item, number from owners where secret_sha256 = $1 /* secret */ offset 0) as o
cross join lateral (
  select item, number, since from owners where item = o.item and number <= o.number + 1 offset 0
) as a
left join lateral (
  select kind, expires_at from owner_links where item = a.item and number = a.number offset 0
) as l on true
order by a.number, l.kind
