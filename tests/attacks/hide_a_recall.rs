//! Somebody sits on recalled goods and wants the page to look clean again.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::events::{ago, event, item, made, serial, with};
use crate::town::{Town, Who};

/// An item of the brand that it recalled.
fn recalled(town: &Town) -> String {
    let serial = serial();
    town.state(Who::Brand, &[made(&serial)]);
    town.recall(Who::Brand, &event(Who::Brand, "holding", "recalled", &item(&serial)));
    assert_eq!(town.verdict(&serial), "RECALLED");
    serial
}

#[test]
fn many_back_dated_records_do_not_hide_a_recall() {
    let town = Town::shared();
    let bad = recalled(town);
    for day in 0..3 {
        let old: Vec<Value> = (0..700)
            .map(|minute| {
                let time = ago(SignedDuration::from_hours(24 * 30 + day * 24)
                    + SignedDuration::from_mins(minute));
                let seen = event(Who::Rival, "inspecting", "in_progress", &item(&bad));
                with(seen, json!({ "eventTime": time }))
            })
            .collect();
        town.state(Who::Rival, &old);
    }
    assert_eq!(town.verdict(&bad), "RECALLED");
}

#[test]
fn another_spelling_of_the_item_has_the_same_verdict() {
    let town = Town::shared();
    let bad = recalled(town);
    let link = format!("https://brand.example/01/{}/21/{bad}", crate::town::GTIN);
    let clean = with(
        event(Who::Rival, "commissioning", "active", &link),
        json!({ "ilmd": { "cbvmda:lotNumber": "L2", "cbvmda:itemExpirationDate": "2099-12-31" } }),
    );
    let (status, text) = town.capture(Who::Rival, &[clean], Value::Null);
    assert!([202, 422].contains(&status), "{status}: {text}");
    assert_eq!(town.verdict(&bad), "RECALLED");
}

#[test]
fn only_who_set_a_recall_lifts_it() {
    let town = Town::shared();
    let bad = recalled(town);
    let active = event(Who::Shop, "stocking", "sellable_accessible", &item(&bad));
    let unset = with(
        event(Who::Rival, "holding", "in_progress", &item(&bad)),
        json!({ "persistentDisposition": { "unset": ["recalled"] } }),
    );
    town.state(Who::Shop, &[active]);
    town.state(Who::Rival, std::slice::from_ref(&unset));
    assert_eq!(town.verdict(&bad), "RECALLED");
    town.recall(Who::Brand, &unset);
    assert_ne!(town.verdict(&bad), "RECALLED", "the brand lifts its own recall");
}

#[test]
fn a_back_dated_expiry_date_of_a_stranger_does_not_expire_an_item() {
    let town = Town::shared();
    let good = serial();
    town.state(Who::Brand, &[made(&good)]);
    let early = with(
        event(Who::Rival, "inspecting", "in_progress", &item(&good)),
        json!({
            "eventTime": ago(SignedDuration::from_hours(24 * 300)),
            "action": "ADD",
            "ilmd": { "cbvmda:lotNumber": "L0", "cbvmda:itemExpirationDate": "2020-01-01" },
        }),
    );
    let (status, text) = town.capture(Who::Rival, &[early], Value::Null);
    assert!([202, 422].contains(&status), "{status}: {text}");
    assert_eq!(town.verdict(&good), "CONSISTENT");
}

#[test]
fn a_recall_of_the_lot_reaches_every_item_of_it() {
    let town = Town::shared();
    let (one, other) = (serial(), serial());
    let lot = format!("LR{one}");
    let of_lot = |serial: &str, lot: &str| {
        with(
            made(serial),
            json!({ "ilmd": { "cbvmda:lotNumber": lot, "cbvmda:itemExpirationDate": "2099-12-31" } }),
        )
    };
    town.state(Who::Brand, &[of_lot(&one, &lot), of_lot(&other, "LOTHER")]);
    let mut recall = event(Who::Brand, "holding", "recalled", &item(&one));
    recall.as_object_mut().expect("an object").remove("epcList");
    let class = format!("urn:epc:class:lgtin:9521141.012345.{lot}");
    let recall = with(recall, json!({ "quantityList": [{ "epcClass": class }] }));
    town.recall(Who::Brand, &recall);
    assert_eq!(town.verdict(&one), "RECALLED");
    assert_eq!(town.verdict(&other), "CONSISTENT");
}

#[test]
fn a_recall_in_capitals_counts_and_one_that_nobody_can_read_is_refused() {
    let town = Town::shared();
    let bad = serial();
    town.state(Who::Brand, &[made(&bad)]);
    for unread in ["01/09521141123454/21/1/10/L1", "gtin/09521141123454/ser/1"] {
        let link = format!("https://brand.example/{unread}");
        let recall = event(Who::Brand, "holding", "recalled", &link);
        let (status, text) = town.capture(Who::Brand, &[recall], Value::Null);
        assert_eq!(status, 422, "{text}");
    }
    let capitals = format!("HTTPS://BRAND.EXAMPLE/01/{}/21/{bad}", crate::town::GTIN);
    town.recall(Who::Brand, &event(Who::Brand, "holding", "recalled", &capitals));
    assert_eq!(town.verdict(&bad), "RECALLED");
}
