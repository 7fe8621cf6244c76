-- stored::delete
select delete_named_query($1 /* subject */, $2 /* name */)
