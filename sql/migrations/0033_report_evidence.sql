-- What a report rests on is frozen when it is stored; and whoever reports may have it sent to the authorities too.

alter table reports add column for_authorities boolean not null default false;  -- whoever reported wants inspectors to read it

-- One row for each report, made with it. The digest is keyed by the secret, so that nobody finds a short text by trying; it is what
-- people keep, and what the log of reads has. Reports of earlier versions have none.
create table report_evidence (
  report_id  bigint not null constraint report_evidence_pkey primary key
             constraint report_evidence_report references reports on delete cascade,
  document   text not null constraint report_evidence_document check (octet_length(document) between 2 and 1048576),  -- canonical JSON
  secret     bytea not null constraint report_evidence_secret check (octet_length(secret) = 16),
  digest     bytea not null constraint report_evidence_digest check (octet_length(digest) = 32),  -- HMAC-SHA256 of the document
  log_origin text,              -- ledger of kind `audit` that has number and digest; null if none has
  log_index  bigint constraint report_evidence_index check (log_index >= 0),  -- the entry's place in it, from 0
  constraint report_evidence_logged check ((log_origin is null) = (log_index is null))
);

-- What is frozen stays as it is for as long as its report is there. Where the log has it is written once.
create function refuse_other_evidence() returns trigger language plpgsql as $$
declare
  free constant text[] := array['log_origin', 'log_index'];
begin
  if tg_op = 'DELETE' then
    if exists (select from reports where report_id = old.report_id) then
      raise exception 'what a report rests on is deleted with the report only' using errcode = 'restrict_violation';
    end if;
    return old;
  end if;
  if (to_jsonb(new) - free) <> (to_jsonb(old) - free) or old.log_origin is not null then
    raise exception 'what a report rests on does not change' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger report_evidence_frozen before update or delete on report_evidence for each row execute function refuse_other_evidence();
create trigger report_evidence_not_emptied before truncate on report_evidence for each statement execute function refuse_change();

-- Trace-api stores the evidence and reads back what the page of the receipt shows: never the document, nor the secret.
grant select (report_id, for_authorities) on reports to chopmark_trace_api;
grant insert on report_evidence to chopmark_trace_api;
grant select (report_id, digest, log_origin, log_index) on report_evidence to chopmark_trace_api;
grant update (log_origin, log_index) on report_evidence to chopmark_trace_api;

-- The desk shows reports to brand owners and inspectors. It has no use for receipts, and changes nothing.
grant select (report_id, received_at, item, reason, message, place, language, photo, photo_bytes, state, answer, answered_at, for_authorities)
  on reports to chopmark_desk;
grant select on report_evidence to chopmark_desk;
