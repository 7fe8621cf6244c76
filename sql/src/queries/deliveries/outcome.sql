-- deliveries::outcome
select outcome from deliveries where bridge = $1 /* bridge */ and boot = $2 /* boot */ and seq = $3 /* seq */
