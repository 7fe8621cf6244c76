-- A session of somebody who logged in at a provider.
insert into sessions (secret_sha256, login_sha256, issuer, subject, grants, began_at, secret_made_at, used_at)
values (sha256('secret'), sha256('login'), 'https://login.example', 'https://login.example#lee', '[]',
  '2026-03-01T08:00:00Z', '2026-03-01T08:00:00Z', '2026-03-01T08:00:00Z');
