-- exports::count_open
select count(*) from (
  select from export_jobs where subject = $1 and asked_at > $2 /* after */ and state in ('waiting', 'running') limit $3 /* most */
) as open
