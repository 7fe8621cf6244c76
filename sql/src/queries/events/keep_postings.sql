-- events::keep_postings
update event_postings p set places = k.places
from unnest($1::bigint[] /* terms */, $2::bytea[] /* places */) as k (term, places)
where p.term = any($1) and p.term = k.term and p.block = $3 /* block */
