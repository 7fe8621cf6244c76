-- erasures::exports
select export_id, subject, expires_at from export_jobs
where state = 'done' and expires_at > $1 /* now */ order by expires_at, export_id
