-- Sessions of people who logged in with a browser, and the role of the process that shows them pages.

grant usage on schema public to chopmark_desk;
grant select on schema_migrations to chopmark_desk;

create table sessions (
  session_id      bigint generated always as identity constraint sessions_pkey primary key,
  secret_sha256   bytea not null constraint sessions_secret check (octet_length(secret_sha256) = 32)
                  constraint sessions_secret_unique unique,
  previous_sha256 bytea constraint sessions_previous check (octet_length(previous_sha256) = 32)
                  constraint sessions_previous_unique unique,  -- of the secret before
  login_sha256    bytea constraint sessions_login check (octet_length(login_sha256) = 32)
                  constraint sessions_login_unique unique,     -- of the login at a provider: it begins one session
  key_prefix      text,                                        -- who logged in with a key; the key says the rest
  issuer          text,                                        -- who logged in at a provider
  subject         text not null constraint sessions_subject check (length(subject) between 1 and 500),
  grants          text not null constraint sessions_grants check (octet_length(grants) <= 262144),  -- JSON, as at the login; [] with a key
  began_at        timestamptz not null,
  secret_made_at  timestamptz not null,
  used_at         timestamptz not null,                        -- to the minute
  ended_at        timestamptz,                                 -- by whoever logged out, or because an old secret was shown
  constraint sessions_means check ((key_prefix is null) <> (issuer is null)),
  constraint sessions_login_issuer check ((login_sha256 is null) = (issuer is null))
);
create index sessions_began on sessions (began_at);

-- A session is used up, given a new secret and ended; whose it is, what it was given and when it began stay as they are.
grant select, insert on sessions to chopmark_desk;
grant update (secret_sha256, previous_sha256, secret_made_at, used_at, ended_at) on sessions to chopmark_desk;

-- Whoever logs in with a key shows one of `chopmark access`; its use is noted.
grant select on access_keys to chopmark_desk;
grant update (last_used_at) on access_keys to chopmark_desk;

-- Deletes up to 10,000 sessions that began before a time, which is at least a day ago: longer than any lasts.
-- Runs with the owner's rights, so that the desk needs no right to delete.
create function delete_sessions(before timestamptz) returns bigint
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  deleted_rows bigint;
begin
  if before is null or before > now() - interval '1 day' then
    raise exception 'got sessions before % to delete, expected a time at least a day ago', before
      using errcode = 'invalid_parameter_value';
  end if;
  delete from sessions where session_id in
    (select session_id from sessions where began_at < before order by began_at limit 10000);
  get diagnostics deleted_rows = row_count;
  return deleted_rows;
end $$;
revoke execute on function delete_sessions(timestamptz) from public;
grant execute on function delete_sessions(timestamptz) to chopmark_desk;
