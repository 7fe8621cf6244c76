-- exports::forget
update export_jobs set expires_at = $3 where export_id = $1 and subject = $2 and state = 'done' and expires_at > $3
