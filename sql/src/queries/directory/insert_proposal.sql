-- directory::insert_proposal
insert into directory_proposals (text, signatures, proposed_at, state)
values ($1 /* text */, $2 /* signatures */, $3 /* at */, 'open') returning proposal_id
