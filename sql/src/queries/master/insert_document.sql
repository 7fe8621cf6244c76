-- master::insert_document
insert into master_data_documents (party, document_sha256, statements, problem, taken_at)
values ($1 /* party */, $2 /* document */, $3 /* statements */, $4 /* problem */, $5 /* at */) on conflict do nothing
