-- events::forget_value
delete from event_values where resource = $1 /* resource */ and value = $2 /* value */
  and not exists (select from event_postings where term = any($3::bigint[] /* terms of events that have it */))
