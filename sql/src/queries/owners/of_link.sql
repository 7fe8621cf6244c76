-- owners::of_link
-- Each owner of the item of a link that holds, in order; no row if its maker is not the present owner.
select a.item, a.number, a.since, l.expires_at
from (select item, kind, number, expires_at from owner_links where token_sha256 = $1 /* token */ offset 0) as l
cross join lateral (select item, number, since from owners where item = l.item offset 0) as a
where l.kind = $2 /* kind */ and l.expires_at > $3 /* now */
  and l.number = (select max(number) from owners where item = l.item)
order by a.number
