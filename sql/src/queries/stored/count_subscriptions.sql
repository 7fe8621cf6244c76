-- stored::count_subscriptions
select count(*) from (select 1 from subscriptions where subject = $1 /* subject */ limit $2 /* most */) counted
