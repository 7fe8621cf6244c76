-- Rights that two operators give together for some hours (break glass). Only the owner writes them, with `chopmark access emergency`,
-- which asks both people for a key of their own; each step is in the log of reads before it is here.
create table emergency_rights (
  emergency_id  text not null constraint emergency_rights_pkey primary key
                constraint emergency_rights_id check (emergency_id ~ '^emg_[A-Za-z0-9_-]{8}$'),
  subject       text not null constraint emergency_rights_subject check (length(subject) between 1 and 200),  -- who gets it
  role          text not null constraint emergency_rights_role
                check (role in ('custodian', 'brand-owner', 'regulator', 'operator', 'auditor')),
  products      text[] not null,   -- limits as they were stated; none if empty
  parties       text[] not null,
  jurisdictions text[] not null,
  period_from   timestamptz,
  period_until  timestamptz,
  hours         smallint not null constraint emergency_rights_hours check (hours between 1 and 8),  -- from the approval on
  reason        text not null constraint emergency_rights_reason check (length(reason) between 3 and 500),
  proposed_by   text not null,     -- subject of the key below
  proposed_key  text not null constraint emergency_rights_proposed_key references access_keys (prefix),
  proposed_at   timestamptz not null,
  approved_by   text,              -- another person; nothing is given while there is none
  approved_key  text constraint emergency_rights_approved_key references access_keys (prefix),
  approved_at   timestamptz,
  ended_by      text,              -- who ended it before its time, or took the proposal back
  ended_key     text constraint emergency_rights_ended_key references access_keys (prefix),
  ended_at      timestamptz,
  constraint emergency_rights_approval check (num_nonnulls(approved_by, approved_key, approved_at) in (0, 3)),
  constraint emergency_rights_end check (num_nonnulls(ended_by, ended_key, ended_at) in (0, 3)),
  constraint emergency_rights_two_people
    check (lower(btrim(approved_by)) <> lower(btrim(proposed_by)) and approved_key <> proposed_key),
  constraint emergency_rights_in_time
    check (approved_at >= proposed_at and approved_at < proposed_at + interval '1 hour')
);
create index emergency_rights_held on emergency_rights (subject, approved_at)
  where approved_at is not null and ended_at is null;

-- A step is taken once and never taken back.
create function refuse_other_steps() returns trigger language plpgsql as $$
begin
  if (to_jsonb(new) - array['approved_by', 'approved_key', 'approved_at', 'ended_by', 'ended_key', 'ended_at'])
       <> (to_jsonb(old) - array['approved_by', 'approved_key', 'approved_at', 'ended_by', 'ended_key', 'ended_at'])
     or (old.approved_at is not null and (new.approved_by, new.approved_key, new.approved_at)
         is distinct from (old.approved_by, old.approved_key, old.approved_at))
     or old.ended_at is not null then
    raise exception 'a right of an emergency is approved once and ended once; nothing else of it changes'
      using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger emergency_rights_steps before update on emergency_rights
  for each row execute function refuse_other_steps();
create trigger emergency_rights_kept before delete or truncate on emergency_rights
  for each statement execute function refuse_change();

grant select on emergency_rights to chopmark_trace_api, chopmark_ingest;
