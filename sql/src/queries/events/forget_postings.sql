-- events::forget_postings
-- The rows of the terms in this block, without the place; an empty row is removed by the statement that follows.
select term, places from event_postings where term = any($1::bigint[] /* terms */) and block = $2 /* block */
