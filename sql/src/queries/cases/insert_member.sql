-- cases::insert_member
insert into case_members (subject, case_id) values ($1, $2) on conflict do nothing
