-- scans::insert
insert into scans (item_key, item, at, device, device_before, network, network_before, role, place, latitude, longitude,
                   uncertainty_km, verdict)
select $1 /* key */, $2 /* item */, $3 /* at */, $4 /* device */, $5 /* device before */, $6 /* network */,
       $7 /* network before */, $8 /* role */, $9 /* place */, $10 /* latitude */, $11 /* longitude */,
       $12 /* uncertainty */, $13 /* verdict */
where not exists (
  select from scans
  where item_key = $1 and role = $8 and at > $14 /* repeats since */ and at <= $3
    and device in ($4, $5)
)
