-- tag_challenges::insert
-- Of two answers to one challenge exactly one returns a row.
insert into tag_challenges (challenge, expires_at)
values ($1 /* challenge */, $2 /* expires_at */)
on conflict (challenge) do nothing
returning expires_at
