-- access_certificates::revoke
update access_certificates set revoked_at = $2 where spki_sha256 = $1 and revoked_at is null
