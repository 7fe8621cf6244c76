-- reports::settle
-- Of two answers at the same time one changes a row.
update reports set state = $2 /* state */, answer = $3 /* answer */, answered_at = $4 /* at, null while it is only taken up */
where report_id = $1 /* report */ and state in ('received', 'taken') and state <> $2
