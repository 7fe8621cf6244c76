-- events::values
select value from event_values where resource = $1 /* resource */ and value > $2 /* after */
order by value limit $3 /* rows */
