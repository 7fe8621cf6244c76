-- cases::saved
select name, search, saved_at from saved_searches where subject = $1 and search is not null order by name limit 200
