//! A shop sold copies of one item. Many networks scanned the code since, and the shop wants that to be forgotten.

use jiff::SignedDuration;
use serde_json::json;

use crate::events::{ago, event, item, made, serial, with};
use crate::town::{Town, Who};

#[test]
fn another_spelling_in_a_record_does_not_hide_a_finding_from_the_page() {
    let town = Town::shared();
    let sold = serial();
    let to_shop = json!({
        "destinationList": [{ "type": "possessing_party", "destination": "urn:epc:id:pgln:9521142.00000" }],
    });
    town.state(
        Who::Brand,
        &[made(&sold), with(event(Who::Brand, "shipping", "in_transit", &item(&sold)), to_shop)],
    );
    let shop = |step, disposition| event(Who::Shop, step, disposition, &item(&sold));
    town.state(
        Who::Shop,
        &[shop("receiving", "in_progress"), shop("retail_selling", "retail_sold")],
    );
    assert_eq!(town.verdict(&sold), "SOLD");
    for network in 10..20 {
        let address = format!("203.0.{network}.7");
        let phone = [("User-Agent", "Mozilla/5.0 Phone"), ("X-Forwarded-For", &*address)];
        town.open(&sold, &phone);
    }
    assert_eq!(town.verdict(&sold), "CONFLICT");
    // Before the licence began no split is wrong, so ingest takes it; and it becomes the record that is first in time.
    let split = format!("urn:epc:id:sgtin:952114.0112345.{sold}");
    let respelled = with(
        event(Who::Shop, "holding", "damaged", &split),
        json!({ "eventTime": ago(SignedDuration::from_hours(24 * 900)) }),
    );
    town.state(Who::Shop, &[respelled]);
    assert_eq!(town.verdict(&sold), "CONFLICT");
}
