-- cases::of_member
select case_id from case_members where subject = $1 and case_id < $2 /* before */ order by case_id desc limit $3
