-- access_keys::used
update access_keys set last_used_at = $2 where prefix = $1 and (last_used_at is null or last_used_at < $2)
