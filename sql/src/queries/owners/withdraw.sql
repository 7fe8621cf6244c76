-- owners::withdraw
update owner_links set expires_at = 'epoch'
where kind = $2 /* kind */ and expires_at > 'epoch'
  and (item, number) = (select item, number from owners where secret_sha256 = $1 /* secret */)
returning item
