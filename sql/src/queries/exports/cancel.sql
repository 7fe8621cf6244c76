-- exports::cancel
update export_jobs set state = 'cancelled', alive_until = 'infinity', ended_at = $3
where export_id = $1 and subject = $2 and state in ('waiting', 'running')
