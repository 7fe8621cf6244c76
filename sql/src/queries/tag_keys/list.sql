-- tag_keys::list
select key_set_id, name, products, algorithm, check_value, imported_at, retired_at from tag_key_sets
where key_set_id > $1 /* after */ order by key_set_id limit 500
