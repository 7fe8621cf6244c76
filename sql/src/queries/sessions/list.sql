-- sessions::list
select session_id, secret_sha256, previous_sha256, key_prefix, issuer, subject, grants, began_at, secret_made_at, used_at, ended_at
from sessions where session_id > $1 /* after */ order by session_id limit 500
