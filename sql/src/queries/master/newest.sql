-- master::newest
select coalesce((select statement_id from master_data where statement_id > 0 order by statement_id desc limit 1), 0),
  (select ended_at from master_data where ended_at > '-infinity' order by ended_at desc limit 1)
