-- exports::fail
update export_jobs set state = 'failed', alive_until = 'infinity', ended_at = $2, problem = $3
where export_id = $1 and state in ('waiting', 'running')
