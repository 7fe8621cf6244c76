-- cases::acts
select text, digest from case_acts where case_id = $1 order by number
