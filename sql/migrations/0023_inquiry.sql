-- The regulator's desk: what it reads, cases, saved searches.

-- Places, parties, documents, who stated an event and its hash are terms of the projection from now on. It is made of committed records
-- and proves nothing, so it begins anew with them; a search finds what has been projected again.
update projection_head set position = 0, generation = generation + 1;
truncate events, event_postings, event_values, trace_links, projection_positions, projection_skips;

-- What the desk shows: records, their proofs, and the projection that leads to them.
grant select on ledgers, ledger_heads, record_chunks, subtree_hashes, leaf_hash_chunks, checkpoints, item_records, hub_entries, forks,
  anchors, anchor_states, anchor_proofs, anchor_confirmations, events, event_postings, event_values, trace_links, projection_head,
  projection_positions, projection_skips, master_data, master_data_documents to chopmark_desk;

-- Whoever was given a right of an emergency has it at the desk too.
grant select on emergency_rights to chopmark_desk;

-- The desk records reads in a ledger of kind 'audit' before it answers, as trace-api does.
grant insert on ledgers, ledger_heads, record_chunks, subtree_hashes, checkpoints to chopmark_desk;
grant update (size, root) on ledger_heads to chopmark_desk;
grant select on ledger_holds, hold_releases to chopmark_desk;
create policy ledgers_desk on ledgers for insert to chopmark_desk with check (kind = 'audit');
do $$
declare
  name text;
  written text;
begin
  foreach name in array array['ledger_heads', 'record_chunks', 'subtree_hashes', 'checkpoints'] loop
    written := format('(select kind from ledgers where ledgers.ledger_id = %I.ledger_id) = ''audit''', name);
    execute format('create policy %I on %I for insert to chopmark_desk with check (%s)', name || '_desk', name, written);
    if name = 'ledger_heads' then
      execute format('create policy %I on %I for update to chopmark_desk using (%s)', name || '_desk_update', name, written);
    end if;
  end loop;
end $$;

-- A case is the acts that made it. Nothing of it is changed or deleted.
create table cases (
  case_id   bigint generated always as identity constraint cases_pkey primary key,
  opened_by text not null constraint cases_opened_by check (length(opened_by) between 1 and 500),
  opened_at timestamptz not null
);

create table case_acts (
  case_id bigint not null constraint case_acts_case references cases,
  number  integer not null constraint case_acts_number check (number between 1 and 5000),  -- 1, 2, 3 ... within the case
  who     text not null,             -- as the text says
  act     text not null,             -- name of the act, as the text says
  text    text not null constraint case_acts_text check (octet_length(text) <= 2097152),  -- the step as JSON: when, who, why, what
  digest  bytea not null constraint case_acts_digest check (octet_length(digest) = 32),   -- SHA-256 over the digest before and the text
  constraint case_acts_pkey primary key (case_id, number)
);

-- Who may work on a case: whoever opened it, and whom they admitted.
create table case_members (
  subject text not null,
  case_id bigint not null constraint case_members_case references cases,
  constraint case_members_pkey primary key (subject, case_id)
);

create trigger cases_append_only before update or delete or truncate on cases
  for each statement execute function refuse_change();
create trigger case_acts_append_only before update or delete or truncate on case_acts
  for each statement execute function refuse_change();
create trigger case_members_append_only before update or delete or truncate on case_members
  for each statement execute function refuse_change();

-- Searches that somebody keeps. The newest of a name counts; one without a text was given up.
create table saved_searches (
  subject  text not null constraint saved_searches_subject check (length(subject) between 1 and 500),
  name     text not null constraint saved_searches_name check (length(name) between 1 and 100),
  search   text constraint saved_searches_search check (octet_length(search) <= 2000),  -- what was typed; null if it was given up
  saved_at timestamptz not null,
  constraint saved_searches_pkey primary key (subject, name)
);

grant select, insert on cases, case_acts, case_members, saved_searches to chopmark_desk;
grant update (search, saved_at) on saved_searches to chopmark_desk;
