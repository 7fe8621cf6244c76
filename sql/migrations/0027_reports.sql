-- What people report of an item: words, perhaps a photograph, and what was answered. A report decides nothing.

-- Nothing of who reports is here but what they wrote; whoever has the receipt may read the answer. A report is removed when it is old.
create table reports (
  report_id      bigint generated always as identity constraint reports_pkey primary key,
  receipt_sha256 bytea not null constraint reports_receipt unique
                 constraint reports_receipt_length check (octet_length(receipt_sha256) = 32),  -- the receipt itself is not kept
  received_at    timestamptz not null,
  item_key       bigint not null,
  item           text not null constraint reports_item check (octet_length(item) between 1 and 500),
  reason         text not null constraint reports_reason check (reason in ('copy', 'opened', 'seller', 'record', 'other')),
  message        text not null constraint reports_message check (octet_length(message) <= 8000),
  place          text not null constraint reports_place check (octet_length(place) <= 800),
  language       text not null constraint reports_language check (language in ('zh', 'en')),
  photo          bytea,           -- JPEG, PNG or WebP, without what the camera wrote into it
  photo_bytes    integer not null generated always as (coalesce(octet_length(photo), 0)) stored
                 constraint reports_photo check (photo_bytes <= 8388608),
  state          text not null default 'received'
                 constraint reports_state check (state in ('received', 'taken', 'answered', 'closed')),
  answer         text not null default '' constraint reports_answer check (octet_length(answer) <= 8000),
  answered_at    timestamptz,
  constraint reports_answered check ((answered_at is not null) = (state in ('answered', 'closed')))
);
create index reports_by_item on reports (item_key);
create index reports_by_time on reports (received_at);
create index reports_by_photo on reports (photo_bytes);

-- What somebody reported stays as it was; an answer is given once.
create function refuse_other_reports() returns trigger language plpgsql as $$
declare
  -- The number of bytes is computed after this, from the photo.
  free constant text[] := array['state', 'answer', 'answered_at', 'photo_bytes'];
begin
  if (to_jsonb(new) - free) <> (to_jsonb(old) - free)
     or old.state in ('answered', 'closed') or (old.state = 'taken' and new.state = 'received') then
    raise exception 'a report is answered once; nothing else of it changes' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger reports_answered_once before update on reports for each row execute function refuse_other_reports();

-- Deletes reports that were received before a time, which is at least 30 days ago; at most 1,000 in one call.
create function delete_reports(before timestamptz) returns bigint
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  deleted_rows bigint;
begin
  if before is null or before > now() - interval '30 days' then
    raise exception 'got reports before % to delete, expected a time at least 30 days ago', before
      using errcode = 'invalid_parameter_value';
  end if;
  delete from reports where report_id in (select report_id from reports where received_at < before order by received_at limit 1000);
  get diagnostics deleted_rows = row_count;
  return deleted_rows;
end $$;
revoke execute on function delete_reports(timestamptz) from public;
grant execute on function delete_reports(timestamptz) to chopmark_trace_api;

-- Trace-api stores what people send and reads back what their receipt shows: never the words, the place or the picture.
grant insert on reports to chopmark_trace_api;
grant select (receipt_sha256, received_at, item, reason, photo_bytes, state, answer, answered_at) on reports to chopmark_trace_api;
