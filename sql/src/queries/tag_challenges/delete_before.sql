-- tag_challenges::delete_before
select delete_tag_challenges($1 /* before */)
