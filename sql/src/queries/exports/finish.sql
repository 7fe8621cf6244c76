-- exports::finish
update export_jobs
set state = 'done', alive_until = 'infinity', ended_at = $2, manifest = $3, signature = $4, expires_at = $5, looked_at = $6, total = $6, row_count = $7
where export_id = $1 and state = 'running'
