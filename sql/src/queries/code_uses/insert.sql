-- code_uses::insert
-- Of two uses at the same time exactly one returns a row.
insert into code_uses (item, used_at, device)
values ($1 /* item */, $2 /* at */, $3 /* device */)
on conflict (item) do nothing
returning used_at
