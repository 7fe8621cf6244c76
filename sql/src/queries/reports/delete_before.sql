-- reports::delete_before
select delete_reports($1 /* before */)
