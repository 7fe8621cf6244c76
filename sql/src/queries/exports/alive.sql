-- exports::alive
update export_jobs set alive_until = $2, looked_at = $3, total = $4, row_count = $5
where export_id = $1 and state in ('waiting', 'running')
