-- reports::insert
-- A photo is left out when all of them together would be more than may be kept.
insert into reports (receipt_sha256, received_at, item_key, item, reason, message, place, language, photo)
select $1 /* receipt */, $2 /* at */, $3 /* key */, $4 /* item */, $5 /* reason */, $6 /* message */, $7 /* place */, $8 /* language */,
  case when (select coalesce(sum(photo_bytes), 0) from reports where photo_bytes > 0)
            + octet_length($9::bytea) <= $10::bigint /* most bytes of all photos */
    then $9::bytea /* photo */ end
on conflict (receipt_sha256) do nothing
returning photo_bytes > 0
