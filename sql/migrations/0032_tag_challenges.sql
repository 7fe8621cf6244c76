-- UHF tags that answer a challenge: their keys beside those of chips, and which challenges were used.

alter table tag_key_sets drop constraint tag_key_sets_algorithm;
alter table tag_key_sets add constraint tag_key_sets_algorithm check (algorithm in ('aes', 'lrp', 'tam1'));
-- A scan's key sets are not those of an exchange.
grant select (algorithm) on tag_key_sets to chopmark_trace_api;

-- Challenges whose answer came in, until they have ended; those that wait for one are in no table.
create table tag_challenges (
  challenge  bytea constraint tag_challenges_pkey primary key
             constraint tag_challenges_challenge check (octet_length(challenge) = 10),
  expires_at timestamptz not null  -- from then on it is refused for its time
);
create index tag_challenges_by_time on tag_challenges (expires_at);

-- Deletes challenges that ended before a time, which is at least five minutes ago; at most 1,000 in one call.
create function delete_tag_challenges(before timestamptz) returns bigint
  language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  deleted_rows bigint;
begin
  if before is null or before > now() - interval '5 minutes' then
    raise exception 'got challenges before % to delete, expected a time at least 5 minutes ago', before
      using errcode = 'invalid_parameter_value';
  end if;
  delete from tag_challenges where challenge in (
    select challenge from tag_challenges where expires_at < before order by expires_at limit 1000);
  get diagnostics deleted_rows = row_count;
  return deleted_rows;
end $$;
revoke execute on function delete_tag_challenges(timestamptz) from public;
grant execute on function delete_tag_challenges(timestamptz) to chopmark_trace_api;

grant select, insert on tag_challenges to chopmark_trace_api;
