-- events::forget_links
delete from trace_links where thing_key = any($1::bigint[] /* things */) and position = $2 /* position */
