-- tag_keys::insert
insert into tag_key_sets (name, products, algorithm, check_value, wrapped, imported_at)
values ($1 /* name */, $2 /* products */, $3 /* algorithm */, $4 /* check value */, $5 /* wrapped */, $6 /* imported at */)
on conflict (name) where retired_at is null do nothing
returning key_set_id
