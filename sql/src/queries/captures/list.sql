-- captures::list
-- Whether a job with parts has ended is looked up for each: the plan of an anti-join reads all captures of the party.
select capture_id, outcome, received_at, is_finished, begun_at
from (
  (select c.capture_id, c.outcome, c.received_at, true is_finished,
          coalesce((select p.received_at from capture_parts p
                    where p.party = c.party and p.document_sha256 = c.document_sha256 and p.first_event = 0),
                   c.received_at) begun_at
   from captures c
   where c.party = $1 /* party */
     and (c.received_at, c.capture_id) < (coalesce($2::timestamptz /* before */, 'infinity'), $3::text /* id */)
   order by c.received_at desc, c.capture_id desc
   limit $4 /* most */)
  union all
  (select p.capture_id, p.outcome, p.received_at, false, p.received_at
   from capture_parts p
   where p.party = $1 and p.first_event = 0
     and (p.received_at, p.capture_id) < (coalesce($2::timestamptz, 'infinity'), $3::text)
     and (select true from captures c where c.party = $1 and c.document_sha256 = p.document_sha256 limit 1) is null
   order by p.received_at desc, p.capture_id desc
   limit $4)
) jobs
order by received_at desc, capture_id desc
limit $4
