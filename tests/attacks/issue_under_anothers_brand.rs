//! The rival puts the brand's number on goods of its own.

use serde_json::json;

use crate::events::{event, item, made, serial, with};
use crate::town::{Town, Who};

#[test]
fn a_serial_that_only_the_rival_commissioned_is_not_issued() {
    let town = Town::shared();
    let fake = serial();
    let own = with(
        event(Who::Rival, "commissioning", "active", &item(&fake)),
        json!({ "ilmd": { "cbvmda:lotNumber": "L1", "cbvmda:itemExpirationDate": "2099-12-31" } }),
    );
    town.state(Who::Rival, &[own]);
    let page = town.look(&fake);
    assert_eq!(page["verdict"], "REJECTED", "{page:#}");
}

#[test]
fn a_split_that_the_brand_is_not_licensed_for_is_refused_with_the_right_one() {
    let town = Town::shared();
    let fake = serial();
    let other = format!("urn:epc:id:sgtin:952114.1012345.{fake}");
    let wrong =
        event(Who::Rival, "commissioning", "active", &other.replace(".1012345.", ".0112345."));
    let (status, text) = town.capture(Who::Rival, &[wrong], serde_json::Value::Null);
    assert_eq!(status, 422, "{text}");
    assert!(text.contains(&item(&fake)), "the answer names the right URN: {text}");
}

#[test]
fn the_rivals_record_of_the_brands_item_changes_nothing() {
    let town = Town::shared();
    let honest = serial();
    town.state(Who::Brand, &[made(&honest)]);
    assert_eq!(town.verdict(&honest), "CONSISTENT");
    let again = with(
        event(Who::Rival, "commissioning", "active", &item(&honest)),
        json!({ "ilmd": { "cbvmda:lotNumber": "L9", "cbvmda:itemExpirationDate": "2020-01-01" } }),
    );
    town.state(Who::Rival, &[again, event(Who::Rival, "destroying", "destroyed", &item(&honest))]);
    let page = town.look(&honest);
    assert_eq!(page["verdict"], "CONSISTENT", "{page:#}");
}
