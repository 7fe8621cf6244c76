//! Events as the parties of the town state them.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::town::Who;

/// The present, as events carry it.
pub fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

/// A moment some time ago.
pub fn ago(span: jiff::SignedDuration) -> String {
    format!("{:.3}", jiff::Timestamp::now() - span)
}

/// A serial that no other test uses.
pub fn serial() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1000);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

/// The brand's item of a serial.
pub fn item(serial: &str) -> String {
    format!("urn:epc:id:sgtin:9521141.012345.{serial}")
}

/// An event about one thing at a party's place.
pub fn event(who: Who, step: &str, disposition: &str, thing: &str) -> Value {
    json!({
        "type": "ObjectEvent",
        "eventTime": now(),
        "eventTimeZoneOffset": "+08:00",
        "epcList": [thing],
        "action": if step == "commissioning" { "ADD" } else { "OBSERVE" },
        "bizStep": step,
        "disposition": disposition,
        "readPoint": { "id": who.place() },
        "bizLocation": { "id": who.place() },
    })
}

/// An event with members changed or added.
pub fn with(mut event: Value, members: Value) -> Value {
    if let (Value::Object(event), Value::Object(members)) = (&mut event, members) {
        event.extend(members);
    }
    event
}

/// The brand commissions an item with a lot that lasts.
pub fn made(serial: &str) -> Value {
    with(
        event(Who::Brand, "commissioning", "active", &item(serial)),
        json!({ "ilmd": { "cbvmda:lotNumber": "L1", "cbvmda:itemExpirationDate": "2099-12-31" } }),
    )
}
