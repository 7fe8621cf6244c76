-- cases::insert_act
insert into case_acts (case_id, number, who, act, text, digest) values ($1, $2, $3, $4, $5, $6)
