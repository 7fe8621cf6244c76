//! The rival wants the brand's goods off the shelves.

use serde_json::Value;

use crate::events::{event, item, made, serial};
use crate::town::{Town, Who};

#[test]
fn a_recall_by_a_party_without_the_right_is_shown_and_decides_nothing() {
    let town = Town::shared();
    let honest = serial();
    town.state(Who::Brand, &[made(&honest)]);
    town.state(Who::Rival, &[event(Who::Rival, "holding", "recalled", &item(&honest))]);
    let page = town.look(&honest);
    assert_eq!(page["verdict"], "CONSISTENT", "{page:#}");
    assert!(page.to_string().contains("rival"), "the page names who says it: {page:#}");
}

#[test]
fn a_theft_report_by_a_stranger_decides_nothing() {
    let town = Town::shared();
    let honest = serial();
    town.state(Who::Brand, &[made(&honest)]);
    town.state(Who::Rival, &[event(Who::Rival, "holding", "stolen", &item(&honest))]);
    assert_eq!(town.verdict(&honest), "CONSISTENT");
}

#[test]
fn one_person_of_the_brand_alone_recalls_nothing() {
    let town = Town::shared();
    let honest = serial();
    town.state(Who::Brand, &[made(&honest)]);
    let recall = event(Who::Brand, "holding", "recalled", &item(&honest));
    let (status, text) = town.capture(Who::Brand, &[recall], Value::Null);
    assert_eq!(status, 202, "{text}");
    town.wait_for_hub(crate::town::BRAND);
    let page = town.look(&honest);
    assert_eq!(page["verdict"], "GAP", "an unapproved recall is a claim: {page:#}");
    let recalled = serial();
    town.state(Who::Brand, &[made(&recalled)]);
    town.recall(Who::Brand, &event(Who::Brand, "holding", "recalled", &item(&recalled)));
    assert_eq!(town.verdict(&recalled), "RECALLED");
}
