-- exports::insert
insert into export_jobs (export_id, subject, asked_at, search, why, format, has_mark, language, state, alive_until, looked_at, row_count)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $9, 0, 0)
