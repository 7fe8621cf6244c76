-- reports::of_receipt
select r.item, r.reason, r.received_at, r.photo_bytes > 0, r.state, r.answer, r.answered_at, r.for_authorities, e.digest, e.log_origin,
  e.log_index
from reports r left join lateral (select own.digest, own.log_origin, own.log_index from report_evidence own where own.report_id = r.report_id limit 1) e on true
where r.receipt_sha256 = $1 /* receipt */
