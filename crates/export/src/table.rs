//! The general table of events: a row for each, with all that it names.
//!
//! What holds: a list is written with spaces between its elements; what no column has is in the last one, as canonical JSON.

use ledger::json::Json;

use crate::walk::Row;

/// Headings of the columns.
pub const COLUMNS: [&str; 20] = [
    "Event time",
    "Time zone",
    "Type",
    "Action",
    "Business step",
    "Disposition",
    "Read point",
    "Business location",
    "Container",
    "Items",
    "Quantities",
    "Inputs",
    "Documents",
    "Sources",
    "Destinations",
    "Stated by",
    "Event ID",
    "Ledger and place",
    "Recorded at",
    "Event",
];

/// The row of an event.
#[must_use]
pub fn cells(row: &Row) -> [String; COLUMNS.len()] {
    let event = &row.event;
    let text =
        |name: &str| event.json().get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let lists = |names: &[&str]| {
        let lists = names.iter().filter_map(|name| event.json().get(name)?.as_array()).flatten();
        let elements = lists.map(|element| match element {
            Json::String(text) => text.clone(),
            other => other.canonical(),
        });
        elements.collect::<Vec<_>>().join(" ")
    };
    let pairs = |pairs: Vec<(String, String)>| {
        let pairs = pairs.into_iter().map(|(kind, value)| format!("{kind}={value}"));
        pairs.collect::<Vec<_>>().join(" ")
    };
    let documents = event.biz_transactions().into_iter();
    let documents = documents.map(|(kind, value)| (kind.unwrap_or_default(), value)).collect();
    [
        event.event_time_text().to_owned(),
        text("eventTimeZoneOffset"),
        event.kind().name().to_owned(),
        text("action"),
        event.biz_step().unwrap_or_default(),
        event.disposition().unwrap_or_default(),
        event.read_point().unwrap_or_default().to_owned(),
        event.biz_location().unwrap_or_default().to_owned(),
        text("parentID"),
        lists(&["epcList", "childEPCs", "outputEPCList"]),
        lists(&["quantityList", "childQuantityList", "outputQuantityList"]),
        lists(&["inputEPCList", "inputQuantityList"]),
        pairs(documents),
        pairs(event.sources()),
        pairs(event.destinations()),
        row.stated_by.clone(),
        row.event_id.clone(),
        format!("{} {}", row.origin, row.index),
        row.record_time.to_string(),
        event.json().canonical(),
    ]
}
