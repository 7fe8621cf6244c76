-- ledgers::insert
insert into ledgers (origin, kind, party, created_at)
values ($1 /* origin */, $2 /* kind */, $3 /* party */, now())
on conflict (origin) do nothing
