-- stored::lock
select pg_advisory_xact_lock(hashtextextended($1 /* subject */, 16))
