//! Which critical tracking event an event is.

use history::testing::{CASE, ITEM, object_event, packing_event};

use super::*;

fn event(draft: &history::testing::EventDraft) -> Event {
    Event::of_record(draft.record().json().clone()).unwrap()
}

#[test]
fn steps_are_told_in_every_spelling_and_others_are_no_tracking_event() {
    for (step, expected) in [
        ("shipping", Some(TrackingEvent::Shipping)),
        ("urn:epcglobal:cbv:bizstep:shipping", Some(TrackingEvent::Shipping)),
        ("https://ref.gs1.org/cbv/BizStep-shipping", Some(TrackingEvent::Shipping)),
        ("https://ref.gs1.org/cbv/BizStep-void_shipping", Some(TrackingEvent::Shipping)),
        ("receiving", Some(TrackingEvent::Receiving)),
        ("commissioning", Some(TrackingEvent::InitialPacking)),
        ("https://farm.example/steps/harvesting", Some(TrackingEvent::Harvesting)),
        ("urn:example:bizstep:cooling", Some(TrackingEvent::Cooling)),
        ("https://farm.example/initial-packing", Some(TrackingEvent::InitialPacking)),
        ("urn:gdst:bizStep:landing", Some(TrackingEvent::FirstLandBasedReceiving)),
        ("storing", None),
        ("retail_selling", None),
    ] {
        let event = event(&object_event("2026-11-20T08:00:00Z", step));
        assert_eq!(tracking_event(&event), expected, "{step}");
    }
    let packing = event(&packing_event("2026-11-20T08:00:00Z", "ADD", CASE, &[ITEM]));
    assert_eq!(tracking_event(&packing), None);
}

#[test]
fn items_are_counted_by_product_and_what_has_no_product_is_named() {
    let other = "urn:epc:id:sgtin:4012345.011111.9877";
    let grai = "urn:epc:id:grai:4012345.00001.7";
    let shipped = object_event("2026-11-20T08:00:00Z", "shipping").of(&[ITEM, other, CASE, grai]);
    let (lines, others) = lines(&event(&shipped));
    assert_eq!(others, [CASE, grai]);
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!((&*line.product, &*line.quantity, &*line.unit), ("04012345111118", "2", "EA"));
    assert!(line.lot.is_empty(), "an event that names no lot has none");
}

#[test]
fn classes_have_product_and_lot_in_every_spelling() {
    for (class, product, lot) in [
        ("urn:epc:class:lgtin:4012345.011111.L1", "04012345111118", Some("L1")),
        ("https://brand.example/01/04012345111118/10/L%2F1", "04012345111118", Some("L/1")),
        ("urn:epc:idpat:sgtin:4012345.011111.*", "04012345111118", None),
        ("urn:x:greens", "", None),
    ] {
        assert_eq!(product_and_lot(class), (product.to_owned(), lot.map(str::to_owned)), "{class}");
    }
}

#[test]
fn the_day_is_that_of_the_place() {
    let at = |offset: &str| {
        let draft = object_event("2026-11-20T23:30:00Z", "shipping");
        date(&event(&draft.with("eventTimeZoneOffset", Json::from(offset))))
    };
    assert_eq!(at("+08:00"), "2026-11-21");
    assert_eq!(at("-08:00"), "2026-11-20");
    assert_eq!(at("nonsense"), "2026-11-20");
}

#[test]
fn a_cell_has_an_end_and_says_how_much_is_missing() {
    let names: Vec<String> =
        (0..2000).map(|number| format!("urn:epc:id:sscc:4012345.{number:010}")).collect();
    let cell = within_cell(&names);
    assert!(cell.chars().count() <= MOST_CHARACTERS && cell.ends_with("more that the event names"));
    assert_eq!(within_cell(&names[..2]), names[..2].join(" "));
}
