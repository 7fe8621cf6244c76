-- events::by_id
select position from events where event_key = $1 /* key */ order by position limit $2 /* rows */
