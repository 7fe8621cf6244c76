-- scans::insert
-- Stores the scans of a group, but for repeats: of a device whose last stored scan of the item, or the one before it in
-- the group, is less than the span away. Gives the places of those stored, from 1. Each look-up is a subquery of its own,
-- so that no plan reads a table as a whole.
with sent as (
  select * from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[],
                       $8::text[], $9::text[], $10::double precision[], $11::double precision[], $12::real[],
                       $13::text[], $14::integer[])
       with ordinality as u (item_key, item, at, device, device_before, network, network_before, role, place, latitude,
                             longitude, uncertainty_km, verdict, person, number)
), looked_up as materialized (
  select sent.*,
         (select last_at from scan_devices d
          where d.item_key = sent.item_key and d.device = sent.device and d.role = sent.role) as last_own,
         (select last_at from scan_devices d
          where d.item_key = sent.item_key and d.device = sent.device_before and d.role = sent.role) as last_before
  from sent
), unrepeated as (
  select *, lag(at) over (partition by item_key, role, person order by at, number) as previous
  from looked_up
  where (last_own is null or abs(extract(epoch from at - last_own)) >= $15::double precision /* seconds */)
    and (last_before is null or abs(extract(epoch from at - last_before)) >= $15)
), chosen as (
  select * from unrepeated where previous is null or extract(epoch from at - previous) >= $15
), added as (
  insert into scans (item_key, item, at, device, device_before, network, network_before, role, place, latitude, longitude,
                     uncertainty_km, verdict)
  select item_key, item, at, device, device_before, network, network_before, role, place, latitude, longitude,
         uncertainty_km, verdict
  from chosen order by number
)
select number from chosen order by number
