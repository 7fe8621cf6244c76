-- access_keys::insert
insert into access_keys (prefix, key_sha256, subject, role, products, parties, jurisdictions, period_from, period_until,
  created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
