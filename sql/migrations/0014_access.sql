-- Who may read what: keys of programs and people, and ledgers that record who read what.

-- A ledger of kind 'audit' records reads. Trace-api writes it, because it answers only what is recorded.
alter table ledgers drop constraint ledgers_kind;
alter table ledgers add constraint ledgers_kind check (kind in ('site', 'hub', 'directory', 'audit'));

grant insert on ledgers, ledger_heads, record_chunks, subtree_hashes, checkpoints to chopmark_trace_api;
grant update (size, root) on ledger_heads to chopmark_trace_api;
-- A held ledger is not written; the check runs with the rights of whoever writes.
grant select on ledger_holds, hold_releases to chopmark_trace_api;

create policy ledgers_trace_api on ledgers for insert to chopmark_trace_api with check (kind = 'audit');
do $$
declare
  name text;
  written text;
begin
  foreach name in array array['ledger_heads', 'record_chunks', 'subtree_hashes', 'checkpoints'] loop
    written := format('(select kind from ledgers where ledgers.ledger_id = %I.ledger_id) = ''audit''', name);
    execute format('create policy %I on %I for insert to chopmark_trace_api with check (%s)',
      name || '_trace_api', name, written);
    if name = 'ledger_heads' then
      execute format('create policy %I on %I for update to chopmark_trace_api using (%s)',
        name || '_trace_api_update', name, written);
    end if;
  end loop;
end $$;

-- Keys. Only the owner makes and revokes them, with `chopmark access`; trace-api finds them and notes their use.
create table access_keys (
  prefix        text not null constraint access_keys_pkey primary key
                constraint access_keys_prefix check (prefix ~ '^chm_[A-Za-z0-9_-]{8}$'),  -- names the key, can be shown
  key_sha256    bytea not null constraint access_keys_sha256 check (octet_length(key_sha256) = 32),
  subject       text not null constraint access_keys_subject check (length(subject) between 1 and 200),
  role          text not null constraint access_keys_role
                check (role in ('custodian', 'brand-owner', 'regulator', 'operator', 'auditor')),
  products      text[] not null,   -- limits as they were stated; none if empty
  parties       text[] not null,
  jurisdictions text[] not null,
  period_from   timestamptz,
  period_until  timestamptz,
  created_at    timestamptz not null,
  expires_at    timestamptz not null,
  revoked_at    timestamptz,
  last_used_at  timestamptz,       -- to the minute
  constraint access_keys_expires check (expires_at > created_at)
);
-- What a key could do stays known after it ended.
create trigger access_keys_kept before delete or truncate on access_keys
  for each statement execute function refuse_change();

grant select on access_keys to chopmark_trace_api;
grant update (last_used_at) on access_keys to chopmark_trace_api;
