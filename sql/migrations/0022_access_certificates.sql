-- Client certificates of machines, known by their public key: a certificate that was renewed with the same key is the same machine.
-- Only the owner enrols and revokes them, with `chopmark access certificate`; processes find them and note their use.
create table access_certificates (
  spki_sha256   bytea not null constraint access_certificates_sha256
                check (octet_length(spki_sha256) = 32),  -- of the SubjectPublicKeyInfo, DER
  subject       text not null constraint access_certificates_subject check (length(subject) between 1 and 200),
  role          text not null constraint access_certificates_role
                check (role in ('custodian', 'brand-owner', 'regulator', 'operator', 'auditor')),
  products      text[] not null,   -- limits as they were stated; none if empty
  parties       text[] not null,
  jurisdictions text[] not null,
  period_from   timestamptz,
  period_until  timestamptz,
  created_at    timestamptz not null,
  expires_at    timestamptz not null,
  revoked_at    timestamptz,       -- a key that was revoked is never enrolled again
  last_used_at  timestamptz,       -- to the minute
  -- A key whose enrolment has expired may be enrolled again; the newest one counts.
  constraint access_certificates_pkey primary key (spki_sha256, created_at),
  constraint access_certificates_expires check (expires_at > created_at)
);
-- What a certificate could do stays known after it ended.
create trigger access_certificates_kept before delete or truncate on access_certificates
  for each statement execute function refuse_change();

grant select on access_certificates to chopmark_trace_api, chopmark_ingest;
grant update (last_used_at) on access_certificates to chopmark_trace_api, chopmark_ingest;
