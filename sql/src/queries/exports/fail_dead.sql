-- exports::fail_dead
update export_jobs set state = 'failed', alive_until = 'infinity', ended_at = $1, problem = $2 where alive_until < $1 /* now */
