-- emergency::approve
update emergency_rights set approved_by = $2, approved_key = $3, approved_at = $4
where emergency_id = $1 and approved_at is null and ended_at is null
