-- directory::proposals
select proposal_id, text, signatures, proposed_at, state from directory_proposals
where state = 'open' order by proposal_id
