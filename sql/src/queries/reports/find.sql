-- reports::find
select report_id, item, reason, received_at, photo_bytes > 0, state, answer, answered_at, message, place, language
from reports where report_id = $1 /* report */
