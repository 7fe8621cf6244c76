-- events::try_lock_once
select pg_try_advisory_xact_lock(1667458896 /* "cmlP" */, -1)
