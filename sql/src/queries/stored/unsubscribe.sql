-- stored::unsubscribe
select delete_subscription($1 /* subject */, $2 /* name */, $3 /* id */)
