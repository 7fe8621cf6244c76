-- directory::proposal
select proposal_id, text, signatures, proposed_at, state from directory_proposals
where proposal_id = $1 /* proposal */ for update
