-- stored::settle
update subscriptions set position = $2 /* position */, due_at = $3 /* due_at */, most = $4 /* most */, failures = $5 /* failures */,
                         failing_since = $6 /* failing_since */, last_failure = $7 /* last_failure */,
                         last_notified_at = $8 /* last_notified_at */, disabled_at = $9 /* disabled_at */,
                         generation = $10 /* generation */
where subscription_id = $1 /* id */
