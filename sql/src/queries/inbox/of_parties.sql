-- inbox::of_parties
select party, case_id, number from case_inbox
where party = any($1) and (case_id, number) < ($2 /* case before */, $3 /* number before */)
order by case_id desc, number desc limit $4
