-- access_certificates::insert
-- Nothing is inserted if the key is enrolled already, or was ever revoked.
insert into access_certificates (spki_sha256, subject, role, products, parties, jurisdictions, period_from, period_until,
  created_at, expires_at)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
where (select true from access_certificates where spki_sha256 = $1 and (revoked_at is not null or expires_at > $9) limit 1) is null
