-- cases::save
insert into saved_searches (subject, name, search, saved_at) values ($1, $2, $3, $4)
on conflict (subject, name) do update set search = excluded.search, saved_at = excluded.saved_at
