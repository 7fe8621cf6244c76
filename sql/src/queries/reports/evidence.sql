-- reports::evidence
select e.document, e.secret, e.digest, sha256(r.photo), r.photo_bytes
from report_evidence e join reports r on r.report_id = e.report_id
where e.report_id = $1 /* report */
