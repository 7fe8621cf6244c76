-- reports::insert
-- A photo is left out when all of them together would be more than may be kept; the evidence is that of what is stored.
with new as (
  insert into reports (receipt_sha256, received_at, item_key, item, reason, message, place, language, photo, for_authorities)
  select $1 /* receipt */, $2 /* at */, $3 /* key */, $4 /* item */, $5 /* reason */, $6 /* message */, $7 /* place */, $8 /* language */,
    case when (select coalesce(sum(photo_bytes), 0) from reports where photo_bytes > 0)
              + octet_length($9::bytea) <= $10::bigint /* most bytes of all photos */
      then $9::bytea /* photo */ end,
    $11 /* for authorities */
  on conflict (receipt_sha256) do nothing
  returning report_id, photo_bytes > 0 as has_photo
)
insert into report_evidence (report_id, document, secret, digest)
select report_id,
  case when has_photo then $13::text /* document with a photo */ else $15::text /* document without */ end,
  $12 /* secret */,
  case when has_photo then $14::bytea /* digest with a photo */ else $16::bytea /* digest without */ end
from new
returning report_id, digest = $14::bytea and $9::bytea is not null
