-- Exports that people ask for at the desk: who, what, why, how far it is, and what came of it.

-- A row is kept when its file is gone: it says who took what. What somebody may see is not in it before the file is written, and is never
-- read back from it to decide what is exported.
create table export_jobs (
  export_id   text not null constraint export_jobs_pkey primary key
              constraint export_jobs_id check (export_id ~ '^[0-9a-f]{32}$'),  -- random
  subject     text not null constraint export_jobs_subject check (length(subject) between 1 and 500),
  asked_at    timestamptz not null,
  search      text not null constraint export_jobs_search check (octet_length(search) <= 4000),  -- as the desk reads it
  why         text not null constraint export_jobs_why check (octet_length(why) <= 2000),        -- empty if the reader's reads are not recorded
  format      text not null,
  has_mark    boolean not null,
  language    text not null,
  state       text not null constraint export_jobs_state check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
  alive_until timestamptz not null,              -- whose desk has not said by then that it still has it is gone; infinity when it ended
  looked_at   bigint not null,                   -- events
  total       bigint,                            -- of so many, if that is known
  row_count   bigint not null,                   -- rows written
  problem     text,                              -- why it failed
  ended_at    timestamptz,
  manifest    text,                              -- canonical JSON: request, sizes, counts, bytes and hash of the file
  signature   text,                              -- signed note of that; null without a ledger of reads
  expires_at  timestamptz,                       -- when the file is deleted
  constraint export_jobs_ended check ((ended_at is null) = (state in ('waiting', 'running'))),
  constraint export_jobs_alive check ((ended_at is null) = (alive_until < 'infinity')),
  constraint export_jobs_done check ((state = 'done') = (manifest is not null) and (state = 'done') = (expires_at is not null))
);
create index export_jobs_of_subject on export_jobs (subject, asked_at);
create index export_jobs_alive_until on export_jobs (alive_until);

-- What was asked for, by whom and why, stays as it is.
grant select, insert on export_jobs to chopmark_desk;
grant update (state, alive_until, looked_at, total, row_count, problem, ended_at, manifest, signature, expires_at)
  on export_jobs to chopmark_desk;
