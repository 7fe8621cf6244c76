//! The EPCIS documents that the demo's partners state: despatch, shipping to the shop, receiving, sale.
//!
//! These are what an ERP sends to `POST /capture`; nothing here is sensed, and the pages say so.

use jiff::Timestamp;
use ledger::json::{Json, object};

use super::site::{CENTRE_PLACE, FACTORY_PLACE, LOT, RIVAL_PLACE, SHOP_PLACE};

const OFFSET: &str = "+08:00";

fn text(value: &str) -> Json {
    Json::from(value)
}

fn place(uri: &str) -> Json {
    object([("id", text(uri))])
}

fn uris(list: &[String]) -> Json {
    Json::Array(list.iter().map(|uri| text(uri)).collect())
}

/// `2026-11-20T16:15:00.125+08:00`.
fn now() -> String {
    let local = jiff::tz::Offset::constant(8).to_datetime(Timestamp::now());
    format!("{}{OFFSET}", local.strftime("%Y-%m-%dT%H:%M:%S.%3f"))
}

/// A document around events.
fn document(events: Vec<Json>) -> Json {
    object([
        (
            "@context",
            Json::Array(vec![text(
                "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
            )]),
        ),
        ("type", text("EPCISDocument")),
        ("schemaVersion", text("2.0")),
        ("creationDate", text(&now())),
        ("epcisBody", object([("eventList", Json::Array(events))])),
    ])
}

/// What every event of the demo's partners has.
fn stated(step: &str, disposition: &str, at: &str, epcs: &[String]) -> Vec<(&'static str, Json)> {
    vec![
        ("type", text("ObjectEvent")),
        ("eventTime", text(&now())),
        ("eventTimeZoneOffset", text(OFFSET)),
        ("epcList", uris(epcs)),
        ("action", text("OBSERVE")),
        ("bizStep", text(step)),
        ("disposition", text(disposition)),
        ("readPoint", place(at)),
    ]
}

fn from_to(from: &str, to: &str) -> [(&'static str, Json); 2] {
    let entry = |key: &str, uri: &str| {
        Json::Array(vec![object([("type", text("location")), (key, text(uri))])])
    };
    [("sourceList", entry("source", from)), ("destinationList", entry("destination", to))]
}

fn advice(reference: &str) -> (&'static str, Json) {
    let entry = object([("type", text("desadv")), ("bizTransaction", text(reference))]);
    ("bizTransactionList", Json::Array(vec![entry]))
}

/// The factory's despatch advice `reference`: what its ERP announces to the distribution centre.
pub fn despatch(reference: &str, announced: &[String]) -> Json {
    let mut members = stated("shipping", "in_transit", FACTORY_PLACE, announced);
    members.push(advice(reference));
    members.extend(from_to(FACTORY_PLACE, CENTRE_PLACE));
    document(vec![object(members)])
}

/// The factory ships the pallet to the distribution centre: it leaves, which the despatch advice only announced.
pub fn ship_pallet(pallet: &str) -> Json {
    let mut members = stated("shipping", "in_transit", FACTORY_PLACE, &[pallet.to_owned()]);
    members.extend(from_to(FACTORY_PLACE, CENTRE_PLACE));
    document(vec![object(members)])
}

/// The rival says that it made an item of the factory's.
pub fn commission_anothers(item: &str) -> Json {
    let mut members = stated("commissioning", "active", RIVAL_PLACE, &[item.to_owned()]);
    for (name, value) in &mut members {
        if *name == "action" {
            *value = text("ADD");
        }
    }
    members.push(("bizLocation", place(RIVAL_PLACE)));
    members.push((
        "ilmd",
        object([
            ("cbvmda:lotNumber", text(LOT)),
            ("cbvmda:itemExpirationDate", text("2099-12-31")),
        ]),
    ));
    document(vec![object(members)])
}

/// The factory says that it made an item long ago.
pub fn commission_expired(item: &str) -> Json {
    let mut members = stated("commissioning", "active", FACTORY_PLACE, &[item.to_owned()]);
    for (name, value) in &mut members {
        if *name == "action" {
            *value = text("ADD");
        }
    }
    members.push(("bizLocation", place(FACTORY_PLACE)));
    members.push((
        "ilmd",
        object([
            ("cbvmda:lotNumber", text("L2401G")),
            ("cbvmda:itemExpirationDate", text("2026-10-31")),
        ]),
    ));
    document(vec![object(members)])
}

/// The factory says that an item is recalled or stolen.
///
/// - `disposition`: `recalled` or `stolen`.
pub fn withdraw(item: &str, disposition: &str) -> Json {
    document(vec![object(stated("holding", disposition, FACTORY_PLACE, &[item.to_owned()]))])
}

/// A document with an approval of its event.
pub fn with_approval(document: &Json, note: &str) -> Json {
    let mut document = document.clone();
    document.set("chopmark:approvals", Json::Array(vec![text(note)]));
    document
}

/// The distribution centre ships one case to the shop.
pub fn ship_case(case: &str) -> Json {
    let mut members = stated("shipping", "in_transit", CENTRE_PLACE, &[case.to_owned()]);
    members.extend(from_to(CENTRE_PLACE, SHOP_PLACE));
    document(vec![object(members)])
}

/// The shop receives the case.
pub fn receive_case(case: &str) -> Json {
    let mut members = stated("receiving", "in_progress", SHOP_PLACE, &[case.to_owned()]);
    members.push(("bizLocation", place(SHOP_PLACE)));
    document(vec![object(members)])
}

/// The shop takes the items out of the case.
pub fn unpack_case(case: &str, items: &[String]) -> Json {
    document(vec![object([
        ("type", text("AggregationEvent")),
        ("eventTime", text(&now())),
        ("eventTimeZoneOffset", text(OFFSET)),
        ("parentID", text(case)),
        ("childEPCs", uris(items)),
        ("action", text("DELETE")),
        ("bizStep", text("unpacking")),
        ("disposition", text("sellable_accessible")),
        ("readPoint", place(SHOP_PLACE)),
        ("bizLocation", place(SHOP_PLACE)),
    ])])
}

/// The shop sells one item.
pub fn sell(item: &str) -> Json {
    let mut members = stated("retail_selling", "retail_sold", SHOP_PLACE, &[item.to_owned()]);
    members.push(("bizLocation", place(SHOP_PLACE)));
    document(vec![object(members)])
}
