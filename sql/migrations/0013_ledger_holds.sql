-- A ledger that was restored from a backup may be older than what it had signed. It is held: nobody signs for it until it is
-- shown, or accepted by a person, that nothing newer exists. A ledger is also held when it was closed for a last backup.
create table ledger_holds (
  hold_id   bigint generated always as identity constraint ledger_holds_pkey primary key,
  ledger_id integer not null constraint ledger_holds_ledger references ledgers,
  cause     text not null constraint ledger_holds_cause check (cause in ('restored', 'closed')),
  size      bigint not null constraint ledger_holds_size check (size >= 0),  -- leaves when it was held
  root      bytea not null constraint ledger_holds_root check (octet_length(root) = 32),
  made_at   timestamptz not null,    -- when the rows were read for the backup, or the ledger was closed
  held_at   timestamptz not null
);
create index ledger_holds_of on ledger_holds (ledger_id);

create table hold_releases (
  hold_id     bigint not null constraint hold_releases_pkey primary key
              constraint hold_releases_hold references ledger_holds,
  reason      text not null constraint hold_releases_reason check (reason <> ''),  -- why the loss is accepted, or that there is none
  evidence    text not null,         -- what was asked before, and what it knew; for people
  released_at timestamptz not null
);

create trigger ledger_holds_append_only before update or delete or truncate on ledger_holds
  for each statement execute function refuse_change();
create trigger hold_releases_append_only before update or delete or truncate on hold_releases
  for each statement execute function refuse_change();

-- The one place that keeps every program from signing: no checkpoint is stored, so no commit succeeds.
create function refuse_while_held() returns trigger language plpgsql as $$
begin
  if exists (
    select 1 from ledger_holds where ledger_holds.ledger_id = new.ledger_id
    and not exists (select 1 from hold_releases where hold_releases.hold_id = ledger_holds.hold_id)
  ) then
    raise exception 'ledger % is held: it was restored or closed, and nothing is signed for it', new.ledger_id
      using errcode = 'CHELD';
  end if;
  return new;
end $$;
create trigger checkpoints_not_while_held before insert on checkpoints
  for each row execute function refuse_while_held();

grant select on ledger_holds, hold_releases to chopmark_ingest, chopmark_anchor;
