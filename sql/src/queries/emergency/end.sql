-- emergency::end
update emergency_rights set ended_by = $2, ended_key = $3, ended_at = $4 where emergency_id = $1 and ended_at is null
