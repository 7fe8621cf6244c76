-- cases::is_member
select (select true from case_members where subject = $1 and case_id = $2) is not null
