-- directory::add_signature
update directory_proposals set signatures = signatures || $2::text /* line */
where proposal_id = $1 /* proposal */ and state = 'open'
