-- scans::seen
-- What is counted of an item's scans, a bounded number of rows: 0 the total, 1 the device that asks (this week and the
-- week before), 2 the networks that scanned it last, 3 the positions where it was scanned last and 4 the same by another
-- network.
select 0 as kind, consumers as number, null::timestamptz as first_at, null::timestamptz as at, null::bytea as own,
       null::bytea as before, null::text as place, null::double precision as latitude,
       null::double precision as longitude, null::real as uncertainty_km
from scan_totals where item_key = $1 /* key */
union all
select 1, scans, null, last_at, null, null, null, null, null, null
from scan_devices where item_key = $1 and device = $2 /* device */ and role = $4 /* role */
union all
select 1, scans, null, last_at, null, null, null, null, null, null
from scan_devices where item_key = $1 and device = $3 /* device before */ and role = $4
union all
(select 2, 0, first_at, last_at, network, network_before, null, null, null, null
 from scan_networks where item_key = $1 and last_at >= $5 /* networks since */
 order by last_at desc limit 34 /* two rows for each of 16 networks and for the one that asks */)
union all
select place.kind, 0, null, (place.seen).at, (place.seen).network, (place.seen).network_before, (place.seen).place,
       latitude, longitude, (place.seen).uncertainty_km
from (
  select latitude, longitude, latest, other
  from scan_places where item_key = $1 and (latest).at > $6 /* places since */
  order by (latest).at desc limit 64
) as latest_places
cross join lateral (values (3, latest), (4, other)) as place (kind, seen)
where (place.seen).at > $6
