//! One event as XML: its standard members as the elements of the XML schema, in the schema's order, and everything else as
//! extensions after them.
//!
//! What holds: what the version of the XML has no element for is named, with its place in the JSON form.
//!
//! Sources: EPCIS 2.0 section 9.5 and EPCIS 1.2 section 9.5, with their XML schemas.

use ledger::json::Json;

use super::layout::{Layout, layout};
use super::out::{Attributes, Out};
use super::version::{Version, Words};
use crate::decimal::plain;
use crate::event_kind::EventKind;
use crate::violation::below;
use crate::vocabulary::{CBV, GS1, Vocabulary};
use crate::xml::carried;

/// The content of an event is in `out`; returns the name of its element. None if the version has no such event, which is
/// named.
pub(super) fn event(
    out: &mut Out<'_>,
    pointer: &str,
    json: &Json,
    (version, words): (Version, Words),
) -> Option<&'static str> {
    let kind = json.get("type").and_then(Json::as_str).and_then(EventKind::from_name);
    let Some((kind, Layout { base, base_extension, main, extension, required })) =
        kind.and_then(|kind| Some((kind, layout(kind, version)?)))
    else {
        let kind = json.get("type").and_then(Json::as_str).unwrap_or("nothing");
        let why = format!("is an event of the type {kind}, which XML {version} does not have");
        out.leave_out(pointer, &why);
        return None;
    };
    let mut event = Event { out, pointer, json, words, required };
    event.members(base);
    event.wrapped("baseExtension", base_extension);
    event.members(main);
    event.wrapped("extension", extension);
    let known = [base, base_extension, main, extension].concat();
    for (name, value) in json.as_object().unwrap_or_default() {
        if matches!(name.as_str(), "type" | "@context") || known.contains(&name.as_str()) {
            continue;
        }
        let place = below(pointer, name);
        if layout(kind, Version::V2_0).is_some_and(|full| full.has(name)) {
            event.out.leave_out(&place, &format!("XML {version} has no element for it"));
        } else {
            event.out.extension(&place, name, value);
        }
    }
    Some(kind.name())
}

/// The attributes of an event's element: its namespaces, and the contexts that JSON names.
pub(super) fn attributes(out: &mut Out<'_>) -> Attributes {
    let addresses: Vec<&str> = out.context.addresses().collect();
    let mut all = Vec::new();
    if !addresses.is_empty() {
        let (name, addresses) = (out.carrier(carried::CONTEXT), addresses.join(" "));
        all.push((name, addresses));
    }
    out.prefixes.declarations().into_iter().chain(all).collect()
}

struct Event<'o, 'c, 'j> {
    out: &'o mut Out<'c>,
    pointer: &'j str,
    json: &'j Json,
    words: Words,
    required: &'static [&'static str],
}

impl Event<'_, '_, '_> {
    fn wrapped(&mut self, wrapper: &str, names: &[&str]) {
        if names.iter().any(|name| self.json.get(name).is_some()) {
            self.out.start(wrapper, &[]);
            self.members(names);
            self.out.end(wrapper);
        }
    }

    fn members(&mut self, names: &[&str]) {
        for name in names {
            let place = below(self.pointer, name);
            match self.json.get(name) {
                Some(value) => self.member(&place, name, value),
                None if self.required.contains(name) => self.out.empty(name, &[]),
                None => {}
            }
        }
    }

    fn member(&mut self, place: &str, name: &str, value: &Json) {
        match name {
            "bizStep" => self.word(place, name, value, Vocabulary::BizStep),
            "disposition" => self.word(place, name, value, Vocabulary::Disposition),
            "certificationInfo" => {
                for one in value.as_array().unwrap_or(std::slice::from_ref(value)) {
                    self.text(place, name, one);
                }
            }
            "epcList" | "childEPCs" | "inputEPCList" | "outputEPCList" => {
                self.list(place, name, value, |event, place, item| event.text(place, "epc", item));
            }
            "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
                self.list(place, name, value, Self::quantity);
            }
            "bizTransactionList" => {
                self.list(place, name, value, |event, place, item| {
                    event.pair(place, "bizTransaction", item, Vocabulary::BizTransactionType);
                });
            }
            "sourceList" | "destinationList" => {
                let one = if name == "sourceList" { "source" } else { "destination" };
                self.list(place, name, value, |event, place, item| {
                    event.pair(place, one, item, Vocabulary::SourceDestType);
                });
            }
            "sensorElementList" => self.list(place, name, value, Self::sensor_element),
            "readPoint" | "bizLocation" => self.object(place, name, value, &["id"]),
            "persistentDisposition" => self.object(place, name, value, &["unset", "set"]),
            "errorDeclaration" => {
                let order = ["declarationTime", "reason", "correctiveEventIDs"];
                self.object(place, name, value, &order);
            }
            "ilmd" => self.object(place, name, value, &[]),
            _ => self.text(place, name, value),
        }
    }

    fn text(&mut self, place: &str, name: &str, value: &Json) {
        if let Some(text) = self.out.plain(place, value) {
            self.out.leaf(name, &[], &text);
        }
    }

    fn word(&mut self, place: &str, name: &str, value: &Json, vocabulary: Vocabulary) {
        if let Some(text) = self.out.plain(place, value) {
            let text = self.spelled(text, vocabulary);
            self.out.leaf(name, &[], &text);
        }
    }

    /// A word as XML spells it; words of others stay what they are.
    fn spelled(&mut self, text: String, vocabulary: Vocabulary) -> String {
        let text = match self.words {
            Words::Kept => text,
            Words::Urn | Words::Web => bare(&text, vocabulary),
        };
        if text.contains(':') || text.is_empty() {
            return text;
        }
        if self.words == Words::Web {
            return vocabulary.expand(&text);
        }
        let urn = match vocabulary {
            Vocabulary::BizStep => "bizstep",
            Vocabulary::Disposition => "disp",
            Vocabulary::BizTransactionType => "btt",
            Vocabulary::SourceDestType => "sdt",
            Vocabulary::ErrorReason => "er",
            Vocabulary::Component => {
                return format!("{}:Comp-{text}", self.out.prefixes.of(CBV, "cbv"));
            }
            Vocabulary::Measurement | Vocabulary::Exception => {
                return format!("{}:{text}", self.out.prefixes.of(GS1, "gs1"));
            }
        };
        format!("urn:epcglobal:cbv:{urn}:{text}")
    }

    fn list(
        &mut self,
        place: &str,
        name: &str,
        value: &Json,
        mut one: impl FnMut(&mut Self, &str, &Json),
    ) {
        let Some(items) = value.as_array() else {
            return self.out.leave_out(place, "is no list");
        };
        if items.is_empty() && !self.required.contains(&name) {
            return;
        }
        self.out.start(name, &[]);
        for (number, item) in items.iter().enumerate() {
            one(self, &format!("{place}/{number}"), item);
        }
        self.out.end(name);
    }

    /// An object whose members in `order` are elements of the standard, and all others extensions.
    fn object(&mut self, place: &str, name: &str, value: &Json, order: &[&str]) {
        let Some(members) = value.as_object() else {
            return self.out.leave_out(place, "is no object");
        };
        self.out.start(name, &[]);
        for name in order {
            if let Some(value) = value.get(name) {
                self.part(&below(place, name), name, value);
            }
        }
        for (name, value) in members.iter().filter(|(name, _)| !order.contains(&name.as_str())) {
            self.out.extension(&below(place, name), name, value);
        }
        self.out.end(name);
    }

    fn part(&mut self, place: &str, name: &str, value: &Json) {
        match name {
            "set" | "unset" => {
                for item in value.as_array().unwrap_or_default() {
                    self.word(place, name, item, Vocabulary::Disposition);
                }
            }
            "reason" => self.word(place, name, value, Vocabulary::ErrorReason),
            "correctiveEventIDs" => self.list(place, name, value, |event, place, item| {
                event.text(place, "correctiveEventID", item);
            }),
            _ => self.text(place, name, value),
        }
    }

    fn quantity(&mut self, place: &str, item: &Json) {
        self.object(place, "quantityElement", item, &["epcClass", "quantity", "uom"]);
    }

    fn pair(&mut self, place: &str, name: &str, item: &Json, vocabulary: Vocabulary) {
        let mut attributes = Vec::new();
        if let Some(kind) = item.get("type")
            && let Some(text) = self.out.plain(&below(place, "type"), kind)
        {
            attributes.push(("type".to_owned(), self.spelled(text, vocabulary)));
        }
        for (member, _) in item.as_object().unwrap_or_default() {
            if member != "type" && member != name {
                self.out.leave_out(&below(place, member), "XML has no place for it");
            }
        }
        let value = item.get(name).unwrap_or(&Json::Null);
        if let Some(text) = self.out.plain(&below(place, name), value) {
            self.out.leaf(name, &attributes, &text);
        }
    }

    fn sensor_element(&mut self, place: &str, item: &Json) {
        self.out.start("sensorElement", &[]);
        if let Some(metadata) = item.get("sensorMetadata") {
            self.sensor(&below(place, "sensorMetadata"), "sensorMetadata", metadata);
        }
        let reports = item.get("sensorReport").and_then(Json::as_array).unwrap_or_default();
        for (number, report) in reports.iter().enumerate() {
            self.sensor(&format!("{place}/sensorReport/{number}"), "sensorReport", report);
        }
        for (name, value) in item.as_object().unwrap_or_default() {
            if !matches!(name.as_str(), "sensorMetadata" | "sensorReport") {
                self.out.extension(&below(place, name), name, value);
            }
        }
        self.out.end("sensorElement");
    }

    /// Metadata or a report: values are attributes.
    fn sensor(&mut self, place: &str, element: &str, json: &Json) {
        let is_report = element == "sensorReport";
        let (mut attributes, mut rest) = (Vec::new(), Vec::new());
        for (name, value) in json.as_object().unwrap_or_default() {
            let vocabulary = match name.as_str() {
                "type" => Some(Vocabulary::Measurement),
                "exception" => Some(Vocabulary::Exception),
                "component" => Some(Vocabulary::Component),
                _ => None,
            };
            let is_number = matches!(
                name.as_str(),
                "value" | "minValue" | "maxValue" | "meanValue" | "sDev" | "percRank" | "percValue"
            );
            match (value, vocabulary) {
                (_, Some(vocabulary)) if is_report => {
                    if let Some(text) = self.out.plain(&below(place, name), value) {
                        attributes.push((name.clone(), self.spelled(text, vocabulary)));
                    }
                }
                (Json::Number(digits), _) if is_report && is_number => {
                    attributes.push((name.clone(), plain(digits)));
                }
                (Json::Bool(truth), _) if is_report && name == "booleanValue" => {
                    attributes.push((name.clone(), truth.to_string()));
                }
                _ if self.out.attribute(name, value, &mut attributes) => {}
                _ => rest.push((name, value)),
            }
        }
        if rest.is_empty() {
            return self.out.empty(element, &attributes);
        }
        self.out.start(element, &attributes);
        for (name, value) in rest {
            self.out.extension(&below(place, name), name, value);
        }
        self.out.end(element);
    }
}

/// The bare word that `text` is in any spelling, or `text` if it is a word of others.
fn bare(text: &str, vocabulary: Vocabulary) -> String {
    match text.strip_prefix("gs1:") {
        Some(local) => vocabulary.word(&format!("{GS1}{local}")),
        None => vocabulary.word(text),
    }
}
