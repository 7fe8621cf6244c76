-- scans::totals
select count(*), count(*) filter (where device in ($3 /* device */, $4 /* device before */))
from scans
where item_key = $1 /* key */ and item = $2 /* item */ and role = 'consumer'
