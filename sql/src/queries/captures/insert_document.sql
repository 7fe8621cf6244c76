-- captures::insert_document
insert into received_documents (party, document_sha256, body, received_at)
values ($1 /* party */, $2 /* digest */, $3 /* body */, $4 /* received_at */)
on conflict do nothing
