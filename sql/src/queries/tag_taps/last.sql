-- tag_taps::last
select counter, device, tapped_at from tag_taps where chip = $1 /* chip */
