-- captures::find
select outcome, received_at from captures where party = $1 /* party */ and capture_id = $2 /* capture */
