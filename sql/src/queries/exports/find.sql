-- exports::find
select export_id, asked_at, search, why, format, has_mark, language, state, looked_at, total, row_count, problem, ended_at, manifest,
  signature, expires_at
from export_jobs where export_id = $1 and subject = $2
