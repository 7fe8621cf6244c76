-- cases::insert
insert into cases (opened_by, opened_at) values ($1, $2) returning case_id
