-- access_certificates::list
select spki_sha256, subject, role, products, parties, jurisdictions, period_from, period_until, created_at, expires_at, revoked_at,
  last_used_at
from access_certificates where (spki_sha256, created_at) > ($1, $2) /* after */ order by spki_sha256, created_at limit 500
