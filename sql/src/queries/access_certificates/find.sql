-- access_certificates::find
select spki_sha256, subject, role, products, parties, jurisdictions, period_from, period_until, created_at, expires_at, revoked_at,
  last_used_at
from access_certificates where spki_sha256 = $1 order by created_at desc limit 1
