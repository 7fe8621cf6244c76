-- deliveries::outcome
select outcome, body from deliveries where bridge = $1 /* bridge */ and boot = $2 /* boot */ and seq = $3 /* seq */
