-- findings::lock_item
select pg_advisory_xact_lock($1 /* key */)
