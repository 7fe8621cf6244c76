-- Queries that partners store under a name, and subscriptions: who is told the results of a query, and how far they were told.
-- Both belong to whoever made them (`subject`); each subject has names of its own.
create table named_queries (
  subject    text not null constraint named_queries_subject check (subject <> ''),  -- who made it, and alone sees and deletes it
  name       text not null constraint named_queries_name check (length(name) between 1 and 100),
  query      text not null,          -- JSON as it was received, in canonical form; it is never changed
  created_at timestamptz not null,
  constraint named_queries_pkey primary key (subject, name)
);

create table subscriptions (
  subscription_id     text not null constraint subscriptions_pkey primary key,
  subject             text not null,
  name                text not null,             -- the query
  key_prefix          text not null,             -- names the key of whoever made it (access_keys): it ends with the key
  dest                text not null,             -- where results are sent
  signature_token     text,                      -- key of GS1-Signature, chosen by the subscriber; none if they chose none
  controls            text not null,             -- JSON: stream or schedule, reportIfEmpty
  created_at          timestamptz not null,
  initial_record_time timestamptz not null,      -- events that were recorded before are not sent
  is_stream           boolean not null,          -- whether it is due whenever there is something new; otherwise at the times of its schedule
  generation          bigint not null,           -- of the projection, in which `position` is
  position            bigint not null constraint subscriptions_position check (position >= 0),  -- the projection's last place that was sent or passed over
  due_at              timestamptz not null,      -- when it is looked at next
  most                integer not null constraint subscriptions_most check (most > 0),          -- most events of the next message
  failures            integer not null default 0,  -- messages that failed since the last that was taken
  failing_since       timestamptz,               -- when the first of these failed
  last_failure        text,                      -- why the last one failed, for people
  last_notified_at    timestamptz,               -- when a message was last taken
  disabled_at         timestamptz,               -- when it was given up
  constraint subscriptions_query foreign key (subject, name) references named_queries on delete cascade
);
create index subscriptions_of_query on subscriptions (subject, name, subscription_id);
create index subscriptions_due on subscriptions (due_at) where disabled_at is null;

-- No process may delete rows of a table as it likes; these two delete what belongs to the one who asks, and nothing else.
create function delete_named_query(of_subject text, of_name text) returns bigint
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  deleted_rows bigint;
begin
  delete from named_queries where subject = of_subject and name = of_name;
  get diagnostics deleted_rows = row_count;
  return deleted_rows;
end $$;
create function delete_subscription(of_subject text, of_name text, of_id text) returns bigint
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  deleted_rows bigint;
begin
  delete from subscriptions where subscription_id = of_id and subject = of_subject and name = of_name;
  get diagnostics deleted_rows = row_count;
  return deleted_rows;
end $$;
revoke execute on function delete_named_query(text, text) from public;
revoke execute on function delete_subscription(text, text, text) from public;
grant execute on function delete_named_query(text, text) to chopmark_trace_api;
grant execute on function delete_subscription(text, text, text) to chopmark_trace_api;

grant select, insert on named_queries, subscriptions to chopmark_trace_api;
grant update (generation, position, due_at, most, failures, failing_since, last_failure, last_notified_at, disabled_at)
  on subscriptions to chopmark_trace_api;
