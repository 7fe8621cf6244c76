-- captures::document
select body from received_documents where party = $1 /* party */ and document_sha256 = $2 /* digest */
