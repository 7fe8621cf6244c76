-- code_uses::forget
update code_uses set device = null where device is not null and used_at < $1 /* before */
