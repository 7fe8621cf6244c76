-- events::by_event_time_back
select position, event_time, record_time from events
where (event_time, position) < ($1::bigint /* time */, $2::bigint /* position */) and event_time >= $3::bigint /* first time */
  and position <= $4::bigint /* newest */
order by event_time desc, position desc limit $5::bigint /* rows */
