-- captures::outcome
select outcome, received_at from captures where party = $1 /* party */ and document_sha256 = $2 /* digest */
