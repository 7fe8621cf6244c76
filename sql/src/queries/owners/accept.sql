-- owners::accept
-- Of two who accept at the same time one ends the link, and the other finds it ended.
with link as (
  update owner_links set expires_at = 'epoch'
  where token_sha256 = $1 /* token */ and kind = 'transfer' and expires_at > $3 /* now */
  returning item, number
)
insert into owners (item, number, secret_sha256, since, way)
select item, number + 1, $2 /* secret */, $3 /* now */, 'transfer' from link
on conflict do nothing
returning item
