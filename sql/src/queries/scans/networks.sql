-- scans::networks
-- The first scan of each other network of consumers in a span, the earliest first. A mark under the key of the week
-- in which the sale was tells networks apart; a later scan cannot push an earlier one out.
select min(at) from (
  select at, case when at < $4 /* end of the week of the sale */ then network else network_before end as mark
  from scans
  where item_key = $1 /* key */ and role = 'consumer'
    and at >= $2 /* since */ and at <= $3 /* until */
) marked
where mark <> $5 /* the network that scans now */
group by mark order by min(at) limit 100
