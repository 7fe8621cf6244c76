-- Keys of chips, encrypted, and how far each chip has come.

-- What an operator knows of the chips of a product. Only the owner imports and retires, with `chopmark tags keys`; the secret under
-- which the text is encrypted is in a file of trace-api and never here.
create table tag_key_sets (
  key_set_id   bigint generated always as identity constraint tag_key_sets_pkey primary key,
  name         text not null constraint tag_key_sets_name check (length(name) between 1 and 60),
  products     text[] not null constraint tag_key_sets_products
               check (cardinality(products) between 1 and 64),  -- GTINs of 14 digits, or their first digits
  algorithm    text not null constraint tag_key_sets_algorithm check (algorithm in ('aes', 'lrp')),
  check_value  text not null,    -- by which people compare keys: first bytes of a block of zeros under each
  wrapped      bytea not null,   -- the text with the keys, encrypted for this name and these products
  imported_at  timestamptz not null,
  retired_at   timestamptz       -- codes under these keys are not checked from then on
);
-- Two key sets of one name would be taken for each other.
create unique index tag_key_sets_current on tag_key_sets (name) where retired_at is null;
create index tag_key_sets_by_product on tag_key_sets using gin (products) where retired_at is null;

-- What was imported stays known, and what was retired stays retired.
create function refuse_other_key_sets() returns trigger language plpgsql as $$
begin
  if (to_jsonb(new) - 'retired_at') <> (to_jsonb(old) - 'retired_at') or old.retired_at is not null then
    raise exception 'a key set is retired once; nothing else of it changes' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger tag_key_sets_retired_once before update on tag_key_sets
  for each row execute function refuse_other_key_sets();
create trigger tag_key_sets_kept before delete or truncate on tag_key_sets
  for each statement execute function refuse_change();

-- Trace-api reads the key sets that hold, and of these what it needs for a check.
alter table tag_key_sets enable row level security;
create policy tag_key_sets_trace_api on tag_key_sets for select to chopmark_trace_api using (retired_at is null);
grant select (key_set_id, name, products, wrapped, retired_at) on tag_key_sets to chopmark_trace_api;

-- The last tap of each chip: a code with this counter or a lower one was used before.
create table tag_taps (
  chip      bytea constraint tag_taps_pkey primary key
            constraint tag_taps_chip check (octet_length(chip) = 16),  -- a code of the chip's own key, not its number
  counter   integer not null constraint tag_taps_counter check (counter between 0 and 16777215),
  device    bytea,                 -- mark of network and browser, as in scans; null once it is old
  tapped_at timestamptz not null
) with (fillfactor = 70);
create index tag_taps_marked on tag_taps (tapped_at) where device is not null;

create function refuse_lower_counters() returns trigger language plpgsql as $$
begin
  if new.chip <> old.chip or new.counter < old.counter
     or (new.counter = old.counter and (new.device is not null or new.tapped_at <> old.tapped_at)) then
    raise exception 'the counter of a chip only rises' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger tag_taps_rise before update on tag_taps for each row execute function refuse_lower_counters();
create trigger tag_taps_kept before delete or truncate on tag_taps
  for each statement execute function refuse_change();

grant select, insert on tag_taps to chopmark_trace_api;
grant update (counter, device, tapped_at) on tag_taps to chopmark_trace_api;
