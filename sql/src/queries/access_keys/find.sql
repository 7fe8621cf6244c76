-- access_keys::find
select prefix, key_sha256, subject, role, products, parties, jurisdictions, period_from, period_until, created_at, expires_at,
  revoked_at, last_used_at
from access_keys where prefix = $1
