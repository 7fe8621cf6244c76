-- Rows as the thirty-third version wrote them; later migrations must apply on top of them.
set role chopmark_trace_api;
with new as (
  insert into reports (receipt_sha256, received_at, item_key, item, reason, message, place, language, for_authorities)
  values (sha256('b'), now(), 1, 'urn:epc:id:sgtin:9521141.012345.8', 'seller', 'too cheap', '', 'zh', true)
  returning report_id
)
insert into report_evidence (report_id, document, secret, digest)
select report_id, '{}', substring(sha256('s') for 16), sha256('d') from new;
update report_evidence set log_origin = 'reads.example/1', log_index = 0 where report_id = (select max(report_id) from report_evidence);
reset role;
