-- sessions::delete_before
select delete_sessions($1 /* before */)
