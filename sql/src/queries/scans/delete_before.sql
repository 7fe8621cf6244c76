-- scans::delete_before
select delete_scans($1 /* before */)
