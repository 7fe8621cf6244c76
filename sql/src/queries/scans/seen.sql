-- scans::seen
-- Several may ask, each of one item. What is counted of its scans, a bounded number of rows: 0 the total, 1 the device that asks
-- (this week and the week before), 2 the networks that scanned it last, 3 the positions where it was scanned last and 4 the same
-- by another network. The last rows are taken one by one from the end of an index: a plan for all of them at once may read and
-- sort every row of the item. A subquery with a recursion stays one, so no plan reads a table as a whole for several.
select s.*, a.number
from unnest($1::bigint[] /* keys */, $2::bytea[] /* devices */, $3::bytea[] /* devices before */, $4::text[] /* roles */,
            $5::timestamptz[] /* networks since */, $6::timestamptz[] /* places since */)
     with ordinality as a (item_key, device, device_before, role, networks_since, places_since, number)
cross join lateral (
  with recursive networks as (
    (select last_at, network, network_before, first_at, 1 as number
     from scan_networks where item_key = a.item_key and last_at >= a.networks_since
     order by last_at desc, network desc limit 1)
    union all
    select earlier.last_at, earlier.network, earlier.network_before, earlier.first_at, later.number + 1
    from networks later cross join lateral (
      select n.last_at, n.network, n.network_before, n.first_at
      from scan_networks n
      where n.item_key = a.item_key and n.last_at >= a.networks_since and (n.last_at, n.network) < (later.last_at, later.network)
      order by n.last_at desc, n.network desc limit 1
    ) as earlier
    where later.number < 34  -- two rows for each of 16 networks and for the one that asks
  ), places as (
    (select (latest).at, latitude, longitude, latest, other, 1 as number
     from scan_places where item_key = a.item_key and (latest).at > a.places_since
     order by (latest).at desc, latitude desc, longitude desc limit 1)
    union all
    select earlier.at, earlier.latitude, earlier.longitude, earlier.latest, earlier.other, later.number + 1
    from places later cross join lateral (
      select (p.latest).at, p.latitude, p.longitude, p.latest, p.other
      from scan_places p
      where p.item_key = a.item_key and (p.latest).at > a.places_since
        and ((p.latest).at, p.latitude, p.longitude) < (later.at, later.latitude, later.longitude)
      order by (p.latest).at desc, p.latitude desc, p.longitude desc limit 1
    ) as earlier
    where later.number < 64
  )
  select 0 as kind, consumers as number, null::timestamptz as first_at, null::timestamptz as at, null::bytea as own,
         null::bytea as before, null::text as place, null::double precision as latitude,
         null::double precision as longitude, null::real as uncertainty_km
  from scan_totals where item_key = a.item_key
  union all
  select 1, scans, null, last_at, null, null, null, null, null, null
  from scan_devices where item_key = a.item_key and device = a.device and role = a.role
  union all
  select 1, scans, null, last_at, null, null, null, null, null, null
  from scan_devices where item_key = a.item_key and device = a.device_before and role = a.role
  union all
  select 2, 0, first_at, last_at, network, network_before, null, null, null, null from networks
  union all
  select place.kind, 0, null, (place.seen).at, (place.seen).network, (place.seen).network_before, (place.seen).place,
         latitude, longitude, (place.seen).uncertainty_km
  from places cross join lateral (values (3, latest), (4, other)) as place (kind, seen)
  where (place.seen).at > a.places_since
) as s
