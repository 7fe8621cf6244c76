-- scans::insert
insert into scans (item_key, item, at, device, role, place, latitude, longitude, uncertainty_km, verdict)
values ($1 /* key */, $2 /* item */, $3 /* at */, $4 /* device */, $5 /* role */, $6 /* place */,
        $7 /* latitude */, $8 /* longitude */, $9 /* uncertainty */, $10 /* verdict */)
