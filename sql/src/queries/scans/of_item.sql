-- scans::of_item
select item, at, device, role, place, latitude, longitude, uncertainty_km, verdict, device_before, network, network_before
from scans
where item_key = $1 /* key */ order by at + interval '0' desc limit 500
