-- access_certificates::used
update access_certificates set last_used_at = $3
where spki_sha256 = $1 and created_at = $2 and (last_used_at is null or last_used_at < $3)
