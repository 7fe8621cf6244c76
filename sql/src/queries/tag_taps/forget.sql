-- tag_taps::forget
update tag_taps set device = null where device is not null and tapped_at < $1 /* before */
