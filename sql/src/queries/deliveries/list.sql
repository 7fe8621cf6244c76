-- deliveries::list
select bridge, boot, seq, body, outcome from deliveries order by bridge, boot, seq
