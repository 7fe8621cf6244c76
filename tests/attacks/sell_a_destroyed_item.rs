//! An item that is gone, or was sold, is offered as new.

use serde_json::json;

use crate::events::{event, item, made, serial, with};
use crate::town::{Town, Who};

#[test]
fn a_destroyed_item_is_no_longer_valid() {
    let town = Town::shared();
    let gone = serial();
    town.state(Who::Brand, &[made(&gone)]);
    town.state(Who::Brand, &[event(Who::Brand, "destroying", "destroyed", &item(&gone))]);
    assert_eq!(town.verdict(&gone), "REJECTED");
}

#[test]
fn a_sale_that_was_declared_wrong_is_not_a_second_sale() {
    let town = Town::shared();
    let sold = serial();
    town.state(Who::Brand, &[made(&sold)]);
    let sale = with(
        event(Who::Brand, "retail_selling", "retail_sold", &item(&sold)),
        json!({ "eventID": format!("urn:uuid:00000000-0000-4000-8000-{:0>12}", sold) }),
    );
    town.state(Who::Brand, std::slice::from_ref(&sale));
    let declared = json!({
        "errorDeclaration": { "declarationTime": crate::events::now(), "reason": "did_not_occur" }
    });
    town.state(Who::Brand, &[with(sale, declared)]);
    assert_eq!(town.verdict(&sold), "CONSISTENT");
    town.state(Who::Brand, &[event(Who::Brand, "retail_selling", "retail_sold", &item(&sold))]);
    assert_eq!(town.verdict(&sold), "SOLD");
}
