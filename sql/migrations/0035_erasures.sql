-- Records whose content was erased. The leaf hash stays in the tree, so that all proofs stay valid; text and secret are replaced by a
-- tombstone, and a row here says who erased it and why, and leads to the log that has it signed.

create table erasures (
  ledger_id  integer not null constraint erasures_ledger references ledgers,
  leaf_index bigint not null constraint erasures_leaf check (leaf_index >= 0),
  leaf_hash  bytea not null constraint erasures_hash check (octet_length(leaf_hash) = 32),  -- as the tree has it
  erased_at  timestamptz not null,
  first_by   text not null constraint erasures_first check (first_by <> ''),   -- operator
  second_by  text not null constraint erasures_second check (second_by <> '' and second_by <> first_by),  -- another one
  reason     text not null constraint erasures_reason check (length(reason) between 3 and 500),  -- for everybody who looks at an item of it
  item_keys  bigint[] not null,      -- the entries of item_records that lead to it, sorted: the text does not say them any more
  event_key  bigint,                 -- as in events; null if the record was no event
  log_ledger integer not null constraint erasures_log references ledgers,     -- of kind audit
  log_index  bigint not null,        -- the record there that says the same, written before anything was erased
  constraint erasures_pkey primary key (ledger_id, leaf_index)
);
create index erasures_by_event on erasures (event_key);
create index erasures_by_item on erasures using gin (item_keys);

create trigger erasures_append_only before update or delete or truncate on erasures
  for each statement execute function refuse_change();

grant select on erasures to chopmark_trace_api, chopmark_desk;

-- What holds copies of a record changes while it is erased, and in no other way.
create function refuse_unless_erasing() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' or coalesce(current_setting('chopmark.erasing', true), '') = '' then
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
  end if;
  return null;
end $$;

do $$
declare
  name text;
begin
  foreach name in array array[
    'deliveries', 'captures', 'capture_parts', 'received_documents', 'created_events', 'expected_deliveries', 'differences'
  ] loop
    execute format('drop trigger %I on %I', name || '_append_only', name);
    execute format(
      'create trigger %I before update or delete or truncate on %I for each statement execute function refuse_unless_erasing()',
      name || '_append_only', name);
  end loop;
end $$;

-- A row of records changes only in the place of the record that is being erased: its leaf hash, and everything of every other record, stays.
create function refuse_unless_erased() returns trigger language plpgsql as $$
declare
  place  integer;
  begins integer;
  ends   integer;
  behind integer;
begin
  select (leaf_index - old.first_leaf)::integer + 1 into place from erasures
  where ledger_id = old.ledger_id and leaf_index >= old.first_leaf and leaf_index < old.first_leaf + old.leaf_count
    and ledger_id || '/' || leaf_index = current_setting('chopmark.erasing', true);
  if place is null then
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
  end if;
  begins := coalesce(old.text_ends[place - 1], 0);
  ends := old.text_ends[place];
  behind := new.text_ends[place];
  if (new.ledger_id, new.first_leaf, new.leaf_count, new.leaf_hashes)
       is distinct from (old.ledger_id, old.first_leaf, old.leaf_count, old.leaf_hashes)
     or new.secrets is distinct from overlay(old.secrets placing decode(repeat('00', 16), 'hex') from 16 * place - 15 for 16)
     or substring(new.texts from 1 for begins) is distinct from substring(old.texts from 1 for begins)
     or substring(new.texts from behind + 1) is distinct from substring(old.texts from ends + 1)
     or new.text_ends[1:place - 1] is distinct from old.text_ends[1:place - 1] then
    raise exception 'an erasure changes one record only' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

drop trigger record_chunks_append_only on record_chunks;
create trigger record_chunks_append_only before update on record_chunks
  for each row execute function refuse_unless_erased();
create trigger record_chunks_never_removed before delete or truncate on record_chunks
  for each statement execute function refuse_change();

-- Erases a record of a site: its text and secret, and what it was received with. Only the owner of the tables may call it; all of it happens
-- or nothing. Gives how many rows of each were changed or removed: deliveries, documents, answers, created events, advices, differences.
create function erase_record(
  of_ledger integer, of_leaf bigint, of_hash bytea,
  moment timestamptz, first_name text, second_name text, why text,
  keys bigint[], of_event bigint, at_log integer, at_index bigint,
  tombstone text,
  from_bridge text, from_boot bigint, from_seq bigint,   -- the delivery that it was observed in
  from_party text, from_document bytea, from_id bytea    -- the document that it came with, and SHA-256 of its id
) returns bigint[]
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  chunk  record_chunks%rowtype;
  place  integer;
  begins integer;
  grows  integer;
  counts bigint[] := '{}';
  hits   bigint;
  parts  bigint;
begin
  if (select kind from ledgers where ledger_id = of_ledger) is distinct from 'site'
     or (select kind from ledgers where ledger_id = at_log) is distinct from 'audit' then
    raise exception 'got ledgers % and %, expected one of kind site and one of kind audit', of_ledger, at_log
      using errcode = 'invalid_parameter_value';
  end if;
  if at_index >= (select size from ledger_heads where ledger_id = at_log) then
    raise exception 'the log has no record %', at_index using errcode = 'invalid_parameter_value';
  end if;
  select * into chunk from record_chunks
  where ledger_id = of_ledger and first_leaf <= of_leaf order by first_leaf desc limit 1 for update;
  place := (of_leaf - chunk.first_leaf)::integer + 1;
  if place is null or place > chunk.leaf_count then
    raise exception 'ledger % has no record %', of_ledger, of_leaf using errcode = 'invalid_parameter_value';
  end if;
  if substring(chunk.leaf_hashes from 32 * place - 31 for 32) is distinct from of_hash then
    raise exception 'record % has another leaf hash', of_leaf using errcode = 'invalid_parameter_value';
  end if;
  insert into erasures (ledger_id, leaf_index, leaf_hash, erased_at, first_by, second_by, reason, item_keys, event_key, log_ledger, log_index)
  values (of_ledger, of_leaf, of_hash, moment, first_name, second_name, why, keys, of_event, at_log, at_index);
  perform set_config('chopmark.erasing', of_ledger || '/' || of_leaf, true);
  begins := coalesce(chunk.text_ends[place - 1], 0);
  grows := octet_length(convert_to(tombstone, 'UTF8')) - (chunk.text_ends[place] - begins);
  update record_chunks set
    texts = substring(texts from 1 for begins) || convert_to(tombstone, 'UTF8') || substring(texts from text_ends[place] + 1),
    text_ends = text_ends[1:place - 1]
      || array(select behind + grows from unnest(text_ends[place:]) with ordinality as u (behind, number) order by number),
    secrets = overlay(secrets placing decode(repeat('00', 16), 'hex') from 16 * place - 15 for 16)
  where ledger_id = of_ledger and first_leaf = chunk.first_leaf;
  -- A delivery that is sent again is known by its digest.
  update deliveries set body = 'erased:' || encode(sha256(convert_to(body, 'UTF8')), 'hex'), signature = '',
    outcome = (outcome::jsonb - 'notes')::text
  where bridge = from_bridge and boot = from_boot and seq = from_seq and body not like 'erased:%';
  get diagnostics hits = row_count;
  counts := counts || hits;
  delete from received_documents where party = from_party and document_sha256 = from_document;
  get diagnostics hits = row_count;
  counts := counts || hits;
  update captures set outcome = (outcome::jsonb - 'notes')::text
  where party = from_party and document_sha256 = from_document and outcome::jsonb ? 'notes';
  get diagnostics hits = row_count;
  update capture_parts set outcome = (outcome::jsonb - 'notes')::text
  where party = from_party and document_sha256 = from_document and outcome::jsonb ? 'notes';
  get diagnostics parts = row_count;
  counts := counts || (hits + parts);
  -- The id stays used; the digest of the content goes, since what has few possible contents could be guessed from it.
  update created_events set event_sha256 = decode(repeat('00', 32), 'hex')
  where party = from_party and event_id_sha256 = from_id;
  get diagnostics hits = row_count;
  counts := counts || hits;
  delete from differences d where (d.ledger_id = of_ledger and d.leaf_index = of_leaf) or exists (
    select from expected_deliveries e where e.recorded_in = of_ledger and e.leaf_index = of_leaf
    and e.ledger_id = d.ledger_id and e.shipped_by = d.shipped_by and e.despatch_advice = d.despatch_advice
  );
  get diagnostics hits = row_count;
  delete from expected_deliveries where recorded_in = of_ledger and leaf_index = of_leaf;
  get diagnostics parts = row_count;
  counts := counts || parts || hits;
  perform set_config('chopmark.erasing', '', true);
  return counts;
end $$;
revoke execute on function erase_record(
  integer, bigint, bytea, timestamptz, text, text, text, bigint[], bigint, integer, bigint, text, text, bigint, bigint, text, bytea, bytea
) from public;
