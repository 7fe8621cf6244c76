-- master::keys
select distinct element_key from master_data
where kind = $1 /* kind */ and element_key > $2 /* after */ and ended_at is null order by element_key limit $3 /* most */
