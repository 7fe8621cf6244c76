-- Every process that has a door asks who comes: ingest finds keys as trace-api does, and notes their use. It can neither make nor
-- revoke them.
grant select on access_keys to chopmark_ingest;
grant update (last_used_at) on access_keys to chopmark_ingest;
