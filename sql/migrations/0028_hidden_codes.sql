-- Hidden codes of items that somebody entered: when for the first time. The codes themselves are in no table.

create table code_uses (
  item    text not null constraint code_uses_pkey primary key
          constraint code_uses_item check (octet_length(item) between 1 and 500),  -- its Digital Link at id.gs1.org
  used_at timestamptz not null,
  device  bytea            -- mark of network and browser, as in scans; null once it is old
);
create index code_uses_marked on code_uses (used_at) where device is not null;

create function refuse_other_code_uses() returns trigger language plpgsql as $$
begin
  if new.item <> old.item or new.used_at <> old.used_at or new.device is not null then
    raise exception 'the first use of a hidden code stays as it is' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger code_uses_kept before update on code_uses for each row execute function refuse_other_code_uses();
create trigger code_uses_not_removed before delete or truncate on code_uses
  for each statement execute function refuse_change();

grant select, insert on code_uses to chopmark_trace_api;
grant update (device) on code_uses to chopmark_trace_api;
