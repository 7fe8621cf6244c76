-- sessions::find
select session_id, secret_sha256, previous_sha256, key_prefix, issuer, subject, grants, began_at, secret_made_at, used_at, ended_at
from sessions where secret_sha256 = $1 /* digest */
union all
select session_id, secret_sha256, previous_sha256, key_prefix, issuer, subject, grants, began_at, secret_made_at, used_at, ended_at
from sessions where previous_sha256 = $1 /* digest */
limit 1
