-- stored::subscriptions
select subscription_id, subject, name, key_prefix, dest, signature_token, controls, created_at, initial_record_time, position,
       due_at, most, failures, failing_since, last_failure, last_notified_at, disabled_at, is_stream, generation
from subscriptions where subject = $1 /* subject */ and name = $2 /* name */ and subscription_id > $3 /* after */
order by subscription_id limit $4 /* most */
