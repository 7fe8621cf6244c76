-- stored::count
select count(*) from (select 1 from named_queries where subject = $1 /* subject */ limit $2 /* most */) counted
