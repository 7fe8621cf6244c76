-- emergency::held
-- What a row gives, and whether it gives anything, is decided by who asks; no row of the last 8 hours is passed over.
select e.emergency_id, e.subject, e.role, e.products, e.parties, e.jurisdictions, e.period_from, e.period_until, e.hours, e.reason,
  e.proposed_by, e.proposed_key, e.proposed_at, e.approved_by, e.approved_key, e.approved_at, e.ended_by, e.ended_key, e.ended_at,
  p.subject, p.role, p.revoked_at, a.subject, a.role, a.revoked_at
from emergency_rights e
join access_keys p on p.prefix = e.proposed_key
left join access_keys a on a.prefix = e.approved_key
where e.subject = $1 and e.approved_at is not null and e.ended_at is null and e.approved_at > $2 /* 8 hours ago */
order by e.approved_at desc limit 64
