-- exports::kept
select export_id from export_jobs
where export_id = any($1) and (state in ('waiting', 'running') or state = 'done' and expires_at > $2 /* now */)
