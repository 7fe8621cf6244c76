//! A word that no vocabulary has, or another's word that looks like one of CBV.

use serde_json::{Value, json};

use crate::events::{event, item, made, serial};
use crate::town::{Town, Who};

#[test]
fn a_misspelt_step_is_refused_and_the_right_one_is_suggested() {
    let town = Town::shared();
    let wrong = event(Who::Brand, "comissioning", "active", &item(&serial()));
    let (status, text) = town.capture(Who::Brand, &[wrong], Value::Null);
    assert_eq!(status, 422, "{text}");
    assert!(text.contains("commissioning"), "{text}");
}

#[test]
fn a_foreign_uri_that_ends_like_a_word_of_cbv_is_not_that_word() {
    let town = Town::shared();
    let good = serial();
    town.state(Who::Brand, &[made(&good)]);
    let own = event(Who::Brand, "holding", "https://voc.example/disp/recalled", &item(&good));
    town.state(Who::Brand, &[own]);
    assert_eq!(town.verdict(&good), "CONSISTENT");
}

#[test]
fn one_wrong_event_refuses_the_document_unless_the_sender_asks_to_proceed() {
    let town = Town::shared();
    let (good, bad) = (serial(), serial());
    let wrong = event(Who::Brand, "comissioning", "active", &item(&bad));
    let before = town.psql("select sum(size) from ledger_heads");
    let (status, _) = town.capture(Who::Brand, &[made(&good), wrong], json!({}));
    assert_eq!(status, 422);
    assert_eq!(town.psql("select sum(size) from ledger_heads"), before, "nothing was recorded");
}
