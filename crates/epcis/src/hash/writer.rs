//! Writes an event as one text, field by field in the order of its dialect.
//!
//! What holds: every member of the event is written once, except the members that no dialect hashes
//! ([`NOT_HASHED`]).
//!
//! Source: CBV 2.0 section 8.9, order of the data elements.

use ledger::json::Json;

use super::dialect::Dialect;
use super::extensions::{beyond, placed};
use super::sensors::sensor_elements;
use super::values::Values;
use crate::event::Event;

/// Members of the event that are written before the fields in order, or not at all. A certification is only written in
/// the dialect of 2025. `@context` says what prefixes mean, `@id` is JSON-LD's name of `eventID`.
const NOT_HASHED: &[&str] = &[
    "type",
    "eventTime",
    "eventTimeZoneOffset",
    "recordTime",
    "eventID",
    "@id",
    "@context",
    "errorDeclaration",
    "certificationInfo",
];
/// The order of the fields, whose first two are the other way round in the dialect of 2025.
const ORDER: [&str; 21] = [
    "epcList",
    "parentID",
    "inputEPCList",
    "childEPCs",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputEPCList",
    "outputQuantityList",
    "action",
    "transformationID",
    "bizStep",
    "disposition",
    "persistentDisposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "sourceList",
    "destinationList",
    "sensorElementList",
    "ilmd",
];
/// What the reference implementation of 2025 had no place for in its order: it comes after all other fields, sorted by
/// its text.
const LATE_2025: &[&str] = &["bizTransactionList", "sourceList", "destinationList", "ilmd"];

/// The text of `event` that is hashed.
pub(super) fn write(event: &Event, dialect: Dialect) -> String {
    let values = Values { event, dialect };
    let mut writer = Writer { values, out: String::new(), moved: Vec::new() };
    writer.event();
    writer.out
}

struct Writer<'a> {
    values: Values<'a>,
    out: String,
    /// What comes after all standard fields: extensions of standard fields in the dialect of 2026; in that of 2025 some
    /// standard fields, and members without prefix of standard fields.
    moved: Vec<String>,
}

impl Writer<'_> {
    fn event(&mut self) {
        let event = self.values.event;
        let json = event.json();
        let is_old = self.values.dialect == Dialect::Cbv20_2025;
        self.out.push_str("eventType=");
        self.out.push_str(event.kind().name());
        self.values.plain("eventTime", json, &mut self.out);
        self.values.plain("eventTimeZoneOffset", json, &mut self.out);
        if is_old {
            self.certification(json);
        }
        let mut order = ORDER;
        if is_old {
            order.swap(0, 1);
        }
        for name in order {
            let Some(value) = json.get(name) else { continue };
            let start = self.out.len();
            self.standard(name, value);
            if is_old && LATE_2025.contains(&name) {
                let text = self.out.split_off(start);
                self.moved.push(text);
            }
        }
        if is_old {
            self.moved.sort();
        }
        self.out.push_str(&self.moved.concat());
        self.out.push_str(&beyond(&self.values, json, |name| {
            ORDER.contains(&name) || NOT_HASHED.contains(&name)
        }));
    }

    fn certification(&mut self, json: &Json) {
        let Some(value) = json.get("certificationInfo") else { return };
        let items = value.as_array().unwrap_or(std::slice::from_ref(value));
        let mut texts: Vec<String> = items
            .iter()
            .map(|item| format!("certificationInfo={}", self.values.value("", item)))
            .collect();
        texts.sort();
        self.out.push_str(&texts.concat());
    }

    fn standard(&mut self, name: &str, value: &Json) {
        match name {
            "epcList" | "childEPCs" | "inputEPCList" | "outputEPCList" => {
                self.list(name, value, |values, item| format!("epc={}", values.value("epc", item)));
            }
            "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
                self.list(name, value, |values, item| {
                    let known = ["epcClass", "quantity", "uom"];
                    let mut text = String::from("quantityElement");
                    for part in known {
                        values.plain(part, item, &mut text);
                    }
                    text + &beyond(values, item, |name| known.contains(&name))
                });
            }
            "persistentDisposition" => {
                let parts = ["set", "unset"].map(|part| {
                    let items = value.get(part).and_then(Json::as_array).unwrap_or_default();
                    let mut texts: Vec<String> = items
                        .iter()
                        .map(|item| format!("{part}={}", self.values.value("disposition", item)))
                        .collect();
                    texts.sort();
                    texts.concat()
                });
                let text = parts.concat()
                    + &beyond(&self.values, value, |name| matches!(name, "set" | "unset"));
                if !text.is_empty() {
                    self.out.push_str(name);
                    self.out.push_str(&text);
                }
            }
            "readPoint" | "bizLocation" => self.place(name, value),
            "bizTransactionList" => self.pairs(name, value, "bizTransaction", "btt"),
            "sourceList" => self.pairs(name, value, "source", "sdt"),
            "destinationList" => self.pairs(name, value, "destination", "sdt"),
            "sensorElementList" => self.sensors(name, value),
            "ilmd" => {
                let text = beyond(&self.values, value, |_| false);
                if !text.is_empty() {
                    self.out.push_str("ilmd");
                    self.out.push_str(&text);
                }
            }
            _ => {
                let text = self.values.value(name, value);
                if !text.is_empty() {
                    self.out.extend([name, "=", &text]);
                }
            }
        }
    }

    fn list(&mut self, name: &str, value: &Json, write: impl Fn(&Values<'_>, &Json) -> String) {
        let items = value.as_array().unwrap_or_default();
        let mut texts: Vec<String> = items.iter().map(|item| write(&self.values, item)).collect();
        if texts.is_empty() {
            return;
        }
        texts.sort();
        self.out.push_str(name);
        self.out.push_str(&texts.concat());
    }

    fn pairs(&mut self, list: &str, value: &Json, name: &str, kind: &str) {
        self.list(list, value, |values, item| {
            let mut text = item
                .get("type")
                .map_or_else(String::new, |text| format!("type={}", values.value(kind, text)));
            values.plain(name, item, &mut text);
            text + &beyond(values, item, |known| known == "type" || known == name)
        });
    }

    fn place(&mut self, name: &str, value: &Json) {
        self.out.push_str(name);
        self.values.plain("id", value, &mut self.out);
        let (here, later) = placed(&self.values, value, &["id"]);
        self.out.push_str(&here);
        if !later.is_empty() {
            self.moved.push(format!("{name}{later}"));
        }
    }

    fn sensors(&mut self, name: &str, value: &Json) {
        let (text, moved) = sensor_elements(&self.values, value);
        if text.is_empty() {
            return;
        }
        let list = if self.values.dialect.names_sensor_list() { name } else { "" };
        self.out.extend([list, &text]);
        if !moved.is_empty() {
            self.moved.push(format!("{list}{moved}"));
        }
    }
}
