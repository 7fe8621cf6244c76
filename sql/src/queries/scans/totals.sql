-- scans::totals
select count(*), count(*) filter (where device in ($2 /* device */, $3 /* device before */))
from scans
where item_key = $1 /* key */ and role = 'consumer'
