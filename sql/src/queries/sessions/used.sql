-- sessions::used
update sessions set used_at = $2 where session_id = $1 and used_at < $2
