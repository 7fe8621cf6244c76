-- captures::parts
select ledger_id, first_event, events, of_events, outcome, received_at from capture_parts
where party = $1 /* party */ and document_sha256 = $2 /* digest */
order by first_event
