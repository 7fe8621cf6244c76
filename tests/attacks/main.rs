//! Attacks on a whole installation, one file each, named by what the attacker wants.
//!
//! Each was possible once. The rules that stop them have tests of their own beside the code; here the real processes
//! stand against an attacker with real tools: a partner's token, a browser, `psql` as the owner of the tables, a proxy
//! that lies as a chain's endpoint, a forged file.

mod events;
mod town;

mod be_seen_as_the_bridge_of_another_door;
mod change_what_the_database_says;
mod fill_the_disk_with_refusals;
mod forge_a_final_anchor;
mod hide_a_recall;
mod issue_under_anothers_brand;
mod make_an_honest_item_suspicious;
mod recall_a_rivals_goods;
mod replay_a_delivery_elsewhere;
mod rewrite_the_directory;
mod roll_a_ledger_back;
mod say_a_word_that_nobody_checks;
mod see_what_is_not_public;
mod sell_a_destroyed_item;
mod shadow_a_despatch_advice;
mod silence_the_cold_chain;
mod spell_an_item_otherwise;
mod take_the_keys_from_the_disk;
mod wash_a_finding_away;
mod work_at_the_desk_in_anothers_name;
mod write_to_the_terminal;
