//! Whether a record may be erased without making a verdict better.
//!
//! The way through: [`weighs_against`] says whether a record can be why something is not to be used, bought or taken for issued; such a
//! one is erased only after another record says the same ([`says_again`]).
//!
//! What holds: pure; what one record says again, it says of everything that the other one named.
//!
//! Not here: erasing (`gate::erasure`), what an erased record does to an item ([`crate::fold`]: never better than a gap).
//!
//! Source: docs/decisions/0108-erasing-a-record.md.

use std::collections::BTreeSet;

use epcis::{BizStep, Disposition};
use ledger::json::Json;
use ledger::record::Record;

use crate::chips::Chips;
use crate::record_view::RecordView;
use crate::statement::VOIDING;

/// Members that say what happens to what the record names.
const DECIDING: [&str; 6] =
    ["type", "action", "bizStep", "disposition", "persistentDisposition", "errorDeclaration"];
/// Members that name things, in the parts that they play.
const PARTS: [&str; 9] = [
    "epcList",
    "parentID",
    "childEPCs",
    "inputEPCList",
    "outputEPCList",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputQuantityList",
];

/// Whether a record can be why something is recalled, stolen, expired, ended, has another chip, or why another record does not count.
#[must_use]
pub fn weighs_against(record: &Record) -> bool {
    use Disposition::{Destroyed, Inactive, Recalled, Stolen};
    let (json, view) = (record.json(), RecordView::of(record.json()));
    let says = view.dispositions_set();
    let withdraws = [Recalled, Stolen, Destroyed, Inactive].iter().any(|word| says.contains(word));
    let ends = match view.biz_step() {
        Some(
            BizStep::Killing | BizStep::Decommissioning | BizStep::Destroying | BizStep::Sampling,
        ) => true,
        Some(BizStep::Other(word)) => word == VOIDING,
        _ => false,
    };
    let is_deletion = view.action() == Some("DELETE") && json.get("epcList").is_some();
    let uses_up = json.get("inputEPCList").is_some();
    let describes = view.expiry_date().is_some() || !chips(record).is_empty();
    withdraws || ends || is_deletion || uses_up || describes || view.is_correction()
}

/// Whether `later` says of everything that `record` names what `record` decides about it.
#[must_use]
pub fn says_again(record: &Record, later: &Record) -> bool {
    let (json, again) = (record.json(), later.json());
    let is_same = |name: &&str| json.get(name) == again.get(name);
    let (view, later_view) = (RecordView::of(json), RecordView::of(again));
    let names = |part: &str, json: &Json| -> BTreeSet<String> {
        ledger::record::NAMING
            .iter()
            .filter(|(member, _)| *member == part)
            .flat_map(|(member, inner)| {
                let elements = ledger::record::naming_elements(json, member).iter();
                elements.filter_map(|element| ledger::record::name_in(element, *inner))
            })
            .map(epc::thing_key)
            .collect()
    };
    DECIDING.iter().all(is_same)
        && (!view.is_correction() || view.event_id() == later_view.event_id())
        && PARTS.iter().all(|part| names(part, json).is_subset(&names(part, again)))
        && view.lot_number() == later_view.lot_number()
        && view.expiry_date() == later_view.expiry_date()
        && chips(record).is_subset(&chips(later))
        && view.approvals().len() <= later_view.approvals().len()
}

/// What the record binds: key of the item, and number of the chip.
fn chips(record: &Record) -> BTreeSet<(String, String)> {
    let chips = Chips::of(record.json());
    let keys: BTreeSet<String> = record.names().iter().map(|name| epc::thing_key(name)).collect();
    let of = |key: &String| -> Vec<(String, String)> {
        chips.of_item(record.json(), key).map(|chip| (key.clone(), chip)).collect()
    };
    keys.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CASE, FACTORY, ITEM, SHOP, object_event, packing_event};

    const AT: &str = "2026-11-20T08:00:00Z";
    const LATER: &str = "2026-11-24T08:00:00Z";
    const OTHER: &str = "urn:epc:id:sgtin:4012345.011111.9877";

    #[test]
    fn what_can_turn_a_verdict_red_weighs_against_an_item_and_what_cannot_does_not() {
        let plain = || object_event(AT, "storing").at(FACTORY);
        let text = |text: &str| Json::from(text);
        for heavy in [
            plain().disposition("recalled"),
            plain().disposition("stolen"),
            plain().disposition("inactive"),
            object_event(AT, "destroying"),
            object_event(AT, VOIDING),
            object_event(AT, "commissioning").lot("L1", "2026-12-01"),
            plain().with("action", text("DELETE")),
            plain().with("errorDeclaration", ledger::json::object([("reason", text("x"))])),
            plain().with("inputEPCList", Json::Array(vec![text(ITEM)])),
        ] {
            assert!(weighs_against(&heavy.record()), "{heavy:?}");
        }
        for light in [
            plain(),
            object_event(AT, "commissioning"),
            object_event(AT, "shipping").disposition("in_transit"),
            object_event(AT, "retail_selling").disposition("retail_sold"),
            packing_event(AT, "ADD", CASE, &[ITEM]),
        ] {
            assert!(!weighs_against(&light.record()), "{light:?}");
        }
    }

    #[test]
    fn a_record_says_another_one_again_only_if_it_says_as_much_of_as_many_things() {
        let recall = |at: &str| object_event(at, "holding").disposition("recalled");
        let first = recall(AT).at(FACTORY).of(&[ITEM, OTHER]).record();
        for again in [
            recall(LATER).of(&[ITEM, OTHER]),
            recall(LATER).at(SHOP).of(&[ITEM, OTHER, CASE]),
            recall(LATER).of(&[OTHER, "https://brand.example/01/04012345111118/21/9876"]),
        ] {
            assert!(says_again(&first, &again.record()), "{again:?}");
        }
        for less in [
            recall(LATER),
            recall(LATER).of(&[ITEM, OTHER]).disposition("active"),
            object_event(LATER, "storing").disposition("recalled").of(&[ITEM, OTHER]),
            recall(LATER).of(&[ITEM, OTHER]).with("action", Json::from("DELETE")),
            packing_event(LATER, "ADD", OTHER, &[ITEM]).disposition("recalled"),
        ] {
            assert!(!says_again(&first, &less.record()), "{less:?}");
        }
        let made = |expiry: &str| object_event(AT, "commissioning").lot("L1", expiry).record();
        assert!(says_again(&made("2026-12-01"), &made("2026-12-01")));
        assert!(!says_again(&made("2026-12-01"), &made("2036-12-01")));
    }
}
