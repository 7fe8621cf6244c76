-- tag_taps::advance
-- Of two taps with one counter exactly one returns a row.
insert into tag_taps as t (chip, counter, device, tapped_at)
values ($1 /* chip */, $2 /* counter */, $3 /* device */, $4 /* tapped at */)
on conflict (chip) do update
set counter = excluded.counter, device = excluded.device, tapped_at = excluded.tapped_at
where t.counter < excluded.counter
returning counter
