-- What the rules of scans look at, counted in the transaction that stores a scan: an answer reads a few rows of these
-- tables, however often the item was scanned. Triggers keep them, so they agree with the scans whoever stores or deletes
-- these, and no process needs a right to change them. Each mark goes with the last scan that has it.

-- How many of an item's stored scans are consumers'.
create table scan_totals (
  item_key  bigint constraint scan_totals_pkey primary key,  -- as in item_records
  consumers bigint not null
) with (fillfactor = 70);

-- The stored scans of a device. The key of its mark changes every week, so a row has the scans of one week.
create table scan_devices (
  item_key bigint not null,
  device   bytea not null,        -- as in scans, under the key of the scans' own week
  role     text not null,
  scans    bigint not null,
  last_at  timestamptz not null,
  constraint scan_devices_pkey primary key (item_key, device, role)
) with (fillfactor = 70);

-- When consumers of a network scanned an item; again a row for each week.
create table scan_networks (
  item_key       bigint not null,
  network        bytea not null,        -- under the key of the scans' own week
  network_before bytea not null,        -- under the key of the week before
  first_at       timestamptz not null,
  last_at        timestamptz not null,
  constraint scan_networks_pkey primary key (item_key, network)
);
create index scan_networks_last on scan_networks (item_key, last_at, network);

-- A consumer's scan at a position.
create type scan_sighting as (
  at             timestamptz,
  place          text,
  uncertainty_km real,
  network        bytea,
  network_before bytea
);

-- The latest scan at each position, and the latest one there by another network than that one's: so there is an answer to
-- "the latest by another network than mine" whoever asks.
create table scan_places (
  item_key  bigint not null,
  latitude  double precision not null,   -- degrees
  longitude double precision not null,   -- degrees
  latest    scan_sighting not null,
  other     scan_sighting,               -- of another network than `latest`, and not later
  constraint scan_places_pkey primary key (item_key, latitude, longitude)
);
create index scan_places_last on scan_places (item_key, (((latest).at)), latitude, longitude);

grant select on scan_totals, scan_devices, scan_networks, scan_places to chopmark_trace_api;

-- Whether two scans are one network's: any two within seven days have a mark under a common key.
create function is_one_network(one scan_sighting, two scan_sighting) returns boolean
  language sql immutable as $$
  select (one).network in ((two).network, (two).network_before) or (one).network_before = (two).network
$$;

-- Adds one scan to the scans at its position.
create function count_sighting(item bigint, lat double precision, long double precision, seen scan_sighting) returns void
  language sql set search_path = pg_catalog, public, pg_temp as $$
  insert into scan_places as p (item_key, latitude, longitude, latest) values (item, lat, long, seen)
  on conflict (item_key, latitude, longitude) do update set
    other = case
      when is_one_network(p.latest, excluded.latest) then p.other
      when (excluded.latest).at >= (p.latest).at then p.latest
      when p.other is null or (excluded.latest).at > (p.other).at then excluded.latest
      else p.other end,
    latest = case when (excluded.latest).at >= (p.latest).at then excluded.latest else p.latest end
$$;

-- In the order of the keys, so that two processes that count the same items wait for one another and never in a circle.
create function count_scans() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into scan_totals as t (item_key, consumers)
  select item_key, count(*) from added where role = 'consumer' group by item_key order by item_key
  on conflict (item_key) do update set consumers = t.consumers + excluded.consumers;

  insert into scan_devices as d (item_key, device, role, scans, last_at)
  select item_key, device, role, count(*), max(at) from added
  group by item_key, device, role order by item_key, device, role
  on conflict (item_key, device, role) do update set
    scans = d.scans + excluded.scans, last_at = greatest(d.last_at, excluded.last_at);

  insert into scan_networks as n (item_key, network, network_before, first_at, last_at)
  select item_key, network, (array_agg(network_before))[1], min(at), max(at) from added
  where role = 'consumer' and network is not null and network_before is not null
  group by item_key, network order by item_key, network
  on conflict (item_key, network) do update set
    first_at = least(n.first_at, excluded.first_at), last_at = greatest(n.last_at, excluded.last_at);

  perform count_sighting(item_key, latitude, longitude,
                         row(at, place, uncertainty_km, network, network_before)::scan_sighting)
  from (
    select * from added
    where role = 'consumer' and latitude is not null and longitude is not null
      and network is not null and network_before is not null
    order by item_key, latitude, longitude, at, scan_id
  ) as placed;
  return null;
end $$;
revoke execute on function count_scans() from public;
revoke execute on function count_sighting(bigint, double precision, double precision, scan_sighting) from public;

create trigger scans_counted after insert on scans referencing new table as added
  for each statement execute function count_scans();

-- Locks rows in the order of the keys, and tables in the same order, as `count_scans` does.
create function uncount_scans() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  before timestamptz := nullif(current_setting('chopmark.delete_scans_before', true), '')::timestamptz;
begin
  perform 1 from scan_totals where item_key in (select item_key from deleted) order by item_key for update;
  update scan_totals t set consumers = t.consumers - gone.scans
  from (select item_key, count(*) as scans from deleted where role = 'consumer' group by item_key) as gone
  where t.item_key = gone.item_key;
  delete from scan_totals t using (select distinct item_key from deleted) as gone
  where t.item_key = gone.item_key and t.consumers <= 0;

  perform 1 from scan_devices where (item_key, device, role) in (select item_key, device, role from deleted)
  order by item_key, device, role for update;
  update scan_devices d set scans = d.scans - gone.scans
  from (select item_key, device, role, count(*) as scans from deleted group by item_key, device, role) as gone
  where d.item_key = gone.item_key and d.device = gone.device and d.role = gone.role;
  delete from scan_devices d using (select distinct item_key, device, role from deleted) as gone
  where d.item_key = gone.item_key and d.device = gone.device and d.role = gone.role and d.scans <= 0;

  perform 1 from scan_networks where (item_key, network) in (select item_key, network from deleted)
  order by item_key, network for update;
  delete from scan_networks n using (select distinct item_key, network from deleted) as gone
  where n.item_key = gone.item_key and n.network = gone.network and n.last_at < before;

  perform 1 from scan_places
  where (item_key, latitude, longitude) in (select item_key, latitude, longitude from deleted)
  order by item_key, latitude, longitude for update;
  delete from scan_places p using (select distinct item_key, latitude, longitude from deleted) as gone
  where p.item_key = gone.item_key and p.latitude = gone.latitude and p.longitude = gone.longitude
    and (p.latest).at < before;
  update scan_places p set other = null
  from (select distinct item_key, latitude, longitude from deleted) as gone
  where p.item_key = gone.item_key and p.latitude = gone.latitude and p.longitude = gone.longitude
    and (p.other).at < before;
  return null;
end $$;
revoke execute on function uncount_scans() from public;

create trigger scans_uncounted after delete on scans referencing old table as deleted
  for each statement execute function uncount_scans();

-- So that a deletion does not read the scans that stay.
create index scans_at on scans (at);

-- Deletes the oldest scans before a time, which is at least eight days ago: the rules look back seven. At most 10,000 in
-- one call, so that a scan never waits long for a row that is counted here; callers repeat it until fewer are deleted.
create or replace function delete_scans(before timestamptz) returns bigint
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  deleted_rows bigint;
begin
  if before is null or before > now() - interval '8 days' then
    raise exception 'got scans before % to delete, expected a time at least 8 days ago', before
      using errcode = 'invalid_parameter_value';
  end if;
  perform set_config('chopmark.delete_scans_before', before::text, true);
  delete from scans where scan_id in (select scan_id from scans where at < before order by at limit 10000);
  get diagnostics deleted_rows = row_count;
  perform set_config('chopmark.delete_scans_before', '', true);
  return deleted_rows;
end $$;

-- The scans that are stored already.
insert into scan_totals (item_key, consumers)
select item_key, count(*) from scans where role = 'consumer' group by item_key;

insert into scan_devices (item_key, device, role, scans, last_at)
select item_key, device, role, count(*), max(at) from scans group by item_key, device, role;

insert into scan_networks (item_key, network, network_before, first_at, last_at)
select item_key, network, (array_agg(network_before))[1], min(at), max(at) from scans
where role = 'consumer' and network is not null and network_before is not null
group by item_key, network;

-- The rule of places looks back a day.
do $$
begin
  perform count_sighting(item_key, latitude, longitude,
                         row(at, place, uncertainty_km, network, network_before)::scan_sighting)
  from (
    select * from scans
    where role = 'consumer' and latitude is not null and longitude is not null
      and network is not null and network_before is not null and at > now() - interval '2 days'
    order by at, scan_id
  ) as placed;
end $$;
