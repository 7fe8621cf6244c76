-- inbox::party_of
select party from case_inbox where party = any($1) and case_id = $2 and number = $3 order by party limit 1
