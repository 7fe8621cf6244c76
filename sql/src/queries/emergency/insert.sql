-- emergency::insert
insert into emergency_rights (emergency_id, subject, role, products, parties, jurisdictions, period_from, period_until,
  hours, reason, proposed_by, proposed_key, proposed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
