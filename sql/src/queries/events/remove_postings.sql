-- events::remove_postings
delete from event_postings where term = any($1::bigint[] /* terms */) and block = $2 /* block */
