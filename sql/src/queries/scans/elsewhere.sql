-- scans::elsewhere
-- The latest scan at each position, by consumers of other networks: of two at one position the later one is the
-- nearer in time.
select distinct on (latitude, longitude) at, place, latitude, longitude, uncertainty_km
from scans
where item_key = $1 /* key */ and role = 'consumer' and latitude is not null
  and at > $2 /* since */ and at <= $3 /* until */
  and network <> $4 /* network */ and network <> $5 /* network before */
order by latitude, longitude, at desc
