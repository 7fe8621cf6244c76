-- sessions::rotate
update sessions set previous_sha256 = secret_sha256, secret_sha256 = $2 /* new */, secret_made_at = $3, used_at = $3
where secret_sha256 = $1 /* old */ and ended_at is null
