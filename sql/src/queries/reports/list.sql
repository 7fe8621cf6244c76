-- reports::list
select r.item, r.reason, r.received_at, r.photo_bytes > 0, r.state, r.answer, r.answered_at, r.for_authorities, e.digest, e.log_origin,
  e.log_index, r.report_id, r.message, r.place, r.language
from reports r left join lateral (select own.digest, own.log_origin, own.log_index from report_evidence own where own.report_id = r.report_id limit 1) e on true
where r.report_id > $1 /* after */ and (not $2 /* open only */ or r.state in ('received', 'taken'))
order by r.report_id
limit 500
