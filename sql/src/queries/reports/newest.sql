-- reports::newest
select report_id, item, reason, received_at, photo_bytes > 0, state, for_authorities
from reports
where report_id < $1 /* before */ and (for_authorities or $2 /* also others */)
order by report_id desc
limit $3 /* most */
