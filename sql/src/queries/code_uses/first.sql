-- code_uses::first
select used_at, device from code_uses where item = $1 /* item */
