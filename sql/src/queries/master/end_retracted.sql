-- master::end_retracted
update master_data set ended_at = $1 /* at */
where element_key = $2 /* key */ and stated_by = '' and ended_at is null and ($3::text /* attribute */ is null or attribute = $3)
