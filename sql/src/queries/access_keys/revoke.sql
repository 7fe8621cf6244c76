-- access_keys::revoke
update access_keys set revoked_at = $2 where prefix = $1 and revoked_at is null
