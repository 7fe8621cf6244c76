-- stored::subscription
select subscription_id, subject, name, key_prefix, dest, signature_token, controls, created_at, initial_record_time, position,
       due_at, most, failures, failing_since, last_failure, last_notified_at, disabled_at, is_stream, generation
from subscriptions where subscription_id = $1 /* id */ and subject = $2 /* subject */ and name = $3 /* name */
