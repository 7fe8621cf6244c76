-- captures::created
select event_sha256 from created_events where party = $1 /* party */ and event_id_sha256 = $2 /* id */
