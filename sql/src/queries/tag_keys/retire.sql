-- tag_keys::retire
update tag_key_sets set retired_at = $2 /* now */ where key_set_id = $1 /* key set */ and retired_at is null
