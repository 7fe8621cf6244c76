-- owners::make_link
-- The one before it, of the same kind, holds no longer. Of an owner who passed the item on meanwhile it replaces none of the next one.
insert into owner_links as l (item, kind, number, token_sha256, expires_at)
select o.item, $2 /* kind */, o.number, $3 /* token */, $4 /* expires_at */
from (select item, number from owners where secret_sha256 = $1 /* secret */ offset 0) as o
where o.number = (select max(number) from owners where item = o.item)
on conflict (item, kind) do update
set number = excluded.number, token_sha256 = excluded.token_sha256, expires_at = excluded.expires_at
where l.number <= excluded.number
returning item
