-- emergency::active
select count(*) from emergency_rights
where approved_at is not null and ended_at is null and approved_at <= $1 and approved_at + make_interval(hours => hours) > $1
