//! A delivery that was signed for one ledger is sent to another.

use crate::be_seen_as_the_bridge_of_another_door::delivery;
use crate::town::{BRAND, BRAND_DOOR, RIVAL, Town};

#[test]
fn a_signature_names_its_recipient() {
    let town = Town::shared();
    let body = delivery(900, 1, BRAND_DOOR, &[]);
    let (status, text) = town.deliver(RIVAL, 900, 1, &body);
    assert_eq!(status, 401, "{text}");
    let (status, text) = town.deliver(BRAND, 900, 1, &body);
    assert_eq!(status, 201, "{text}");
}
