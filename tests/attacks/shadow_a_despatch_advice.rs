//! The rival announces other goods to the brand under the number of the shop's despatch advice.

use serde_json::{Value, json};

use crate::events::{event, serial, with};
use crate::town::{BRAND_PLACE, RIVAL_PLACE, SHOP_PLACE, Town, Who};

#[test]
fn two_shippers_may_use_one_number_and_both_advices_are_kept() {
    let town = Town::shared();
    let number = format!("urn:epcglobal:cbv:bt:9521142000004:DA-{}", serial());
    let advice = |who: Who, from: &str, thing: String| {
        let members = json!({
            "bizTransactionList": [{ "type": "desadv", "bizTransaction": number }],
            "sourceList": [{ "type": "location", "source": from }],
            "destinationList": [{ "type": "location", "destination": BRAND_PLACE }],
        });
        with(event(who, "shipping", "in_transit", &thing), members)
    };
    let thing = |prefix: &str| format!("urn:epc:id:sgtin:{prefix}.012345.{}", serial());
    let rival = advice(Who::Rival, RIVAL_PLACE, thing("9521149"));
    let shop = advice(Who::Shop, SHOP_PLACE, thing("9521142"));
    for (who, document) in [(Who::Rival, rival), (Who::Shop, shop)] {
        let (status, text) = town.capture(who, &[document], Value::Null);
        assert_eq!(status, 202, "{text}");
    }
    let kept = town.psql(&format!(
        "select count(distinct shipped_by) from expected_deliveries where despatch_advice = '{number}'"
    ));
    assert_eq!(kept, "2");
}
