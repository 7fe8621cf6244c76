-- cases::forget
update saved_searches set search = null, saved_at = $3 where subject = $1 and name = $2 and search is not null
