-- reports::list
select report_id, item, reason, received_at, photo_bytes > 0, state, answer, answered_at, message, place, language
from reports
where report_id > $1 /* after */ and (not $2 /* open only */ or state in ('received', 'taken'))
order by report_id
limit 500
