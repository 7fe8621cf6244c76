-- stored::insert
insert into named_queries (subject, name, query, created_at)
values ($1 /* subject */, $2 /* name */, $3 /* query */, $4 /* created_at */)
on conflict (subject, name) do nothing
