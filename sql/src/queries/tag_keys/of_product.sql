-- tag_keys::of_product
select name, products, algorithm, wrapped from tag_key_sets
where retired_at is null and products && $1::text[] /* first digits of a GTIN */
order by key_set_id
