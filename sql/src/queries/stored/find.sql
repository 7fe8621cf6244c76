-- stored::find
select name, query, created_at from named_queries where subject = $1 /* subject */ and name = $2 /* name */
