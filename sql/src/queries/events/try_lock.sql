-- events::try_lock
select pg_try_advisory_lock(1667458896 /* "cmlP" */, -1)
