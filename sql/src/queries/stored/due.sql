-- stored::due
update subscriptions set due_at = $2 /* until */
where subscription_id = any (array(
  select subscription_id from subscriptions
  where disabled_at is null and due_at <= $1 /* now */
    and (not is_stream or position < $4 /* head */ or generation <> $5 /* generation */)
  order by due_at limit $3 /* most */ for update skip locked
))
returning subscription_id, subject, name, key_prefix, dest, signature_token, controls, created_at, initial_record_time, position,
          due_at, most, failures, failing_since, last_failure, last_notified_at, disabled_at, is_stream, generation,
          (select query from named_queries q where q.subject = subscriptions.subject and q.name = subscriptions.name)
