-- owners::claim
-- Of two claims at the same time exactly one returns a row.
insert into owners (item, number, secret_sha256, since, way)
values ($1 /* item */, 1, $2 /* secret */, $3 /* at */, $4 /* way */)
on conflict do nothing
returning item
