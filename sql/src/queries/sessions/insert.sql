-- sessions::insert
insert into sessions (secret_sha256, login_sha256, key_prefix, issuer, subject, grants, began_at, secret_made_at, used_at)
values ($1, $2, $3, $4, $5, $6, $7, $7, $7)
on conflict (login_sha256) do nothing
