-- exports::begin
update export_jobs set state = 'running' where export_id = $1 and state = 'waiting'
