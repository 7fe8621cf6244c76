-- Findings that scans and sales give rise to, what became of them, and scans that are deleted after some days.

-- A mark is a keyed hash that two scans of one item share if they came from one network, or from one network and
-- browser. Its key changes every week; each scan has the marks under the key of its own week and of the week
-- before, so that any two scans within seven days share one. Scans of earlier versions have none and take part in
-- no rule.
alter table scans
  add column device_before bytea,  -- mark of network and browser, under the key of the week before; `device` is under that of its own
  add column network       bytea,  -- mark of the network, under the key of its own week
  add column network_before bytea; -- mark of the network, under the key of the week before

-- Something that a person should decide: two objects seem to carry the code of this item. Stays open until a
-- resolution names it.
create table findings (
  finding_id bigint generated always as identity constraint findings_pkey primary key,
  item_key   bigint not null,        -- as in item_records
  item       text not null,          -- EPC URI
  rule       text not null constraint findings_rule
             check (rule in ('impossible_travel', 'sold_twice', 'many_networks')),
  evidence   text not null constraint findings_evidence check (octet_length(evidence) <= 65536),  -- JSON; no mark and no address
  opened_at  timestamptz not null
);
create index findings_item on findings (item_key);

-- The issuer's answer to a finding: at most one for each. Whether the note is signed by the issuer is checked by
-- everybody who reads it, and not trusted because it is here.
create table finding_resolutions (
  finding_id  bigint constraint finding_resolutions_pkey primary key
              constraint finding_resolutions_finding references findings,
  party       text not null,         -- who resolved it, as in the directory
  reason      text not null,         -- for people
  resolved_at timestamptz not null,
  note        text not null          -- the signed note
);

create trigger findings_append_only before update or delete or truncate on findings
  for each statement execute function refuse_change();
create trigger finding_resolutions_append_only before update or delete or truncate on finding_resolutions
  for each statement execute function refuse_change();

grant select, insert on findings to chopmark_trace_api;
grant select on finding_resolutions to chopmark_trace_api;

-- Scans may be deleted, and only by delete_scans; they stay unchangeable in every other way.
drop trigger scans_append_only on scans;
create trigger scans_append_only before update or truncate on scans
  for each statement execute function refuse_change();

create function refuse_delete_of_scans() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('chopmark.delete_scans_before', true), '') = ''
     or exists (select from deleted
                where at >= current_setting('chopmark.delete_scans_before', true)::timestamptz
                   or at > now() - interval '8 days') then
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
  end if;
  return null;
end $$;

create trigger scans_delete_old_only after delete on scans referencing old table as deleted
  for each statement execute function refuse_delete_of_scans();

-- Deletes the scans before a time, which is at least eight days ago: the rules look back seven.
-- Runs with the owner's rights, so that trace-api needs no right to delete.
create function delete_scans(before timestamptz) returns bigint
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  deleted_rows bigint;
begin
  if before is null or before > now() - interval '8 days' then
    raise exception 'got scans before % to delete, expected a time at least 8 days ago', before
      using errcode = 'invalid_parameter_value';
  end if;
  perform set_config('chopmark.delete_scans_before', before::text, true);
  delete from scans where at < before;
  get diagnostics deleted_rows = row_count;
  perform set_config('chopmark.delete_scans_before', '', true);
  return deleted_rows;
end $$;
revoke execute on function delete_scans(timestamptz) from public;
grant execute on function delete_scans(timestamptz) to chopmark_trace_api;
