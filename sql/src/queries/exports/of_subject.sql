-- exports::of_subject
select export_id, asked_at, search, why, format, has_mark, language, state, looked_at, total, row_count, problem, ended_at,
  null::text as manifest, null::text as signature, expires_at
from export_jobs where subject = $1 and asked_at < $2 /* before */ order by asked_at desc limit $3
