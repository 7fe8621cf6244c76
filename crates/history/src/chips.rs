//! Which chips a record binds to which items: the extension `chips` of an event.
//!
//! The way through: [`Chips::of`] reads a record's object once; [`Chips::of_item`] finds the chips of an item in it.
//!
//! What holds: pure; a text that is not an item and a chip binds nothing; items are compared by their key, so in every
//! spelling; the extension is known by its namespace, whatever prefix a sender gave it.
//!
//! Not here: whether whoever says so may bind a chip ([`crate::fold`]), whether a tapped chip is one of them (`trace-api`).
//!
//! Source: docs/tags.md, docs/decisions/0082-a-chip-is-bound-to-its-item.md.

use std::slice;

use ledger::json::Json;

use crate::names::short;

/// Namespace of the extension.
pub const NAMESPACE: &str = "https://chopmark.org/voc/";
/// Its name there.
pub const NAME: &str = "chips";
/// Fewest and most hexadecimal digits of a chip's number: 4 bytes, and the longest TID bank.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=124;

/// Where a record binds chips to what.
#[derive(Debug, Default)]
pub struct Chips {
    /// Short hash of an item's key, and the place of the text; in order.
    places: Box<[(u32, u32)]>,
}

impl Chips {
    /// The bindings in a record's object.
    ///
    /// - Cost: one key for each binding.
    #[must_use]
    pub fn of(json: &Json) -> Self {
        let read = |(place, text)| Some((short(&epc::thing_key(binding(text)?.0)), place));
        let mut places: Vec<(u32, u32)> = (0..).zip(texts(json)).filter_map(read).collect();
        places.sort_unstable();
        Self { places: places.into() }
    }

    /// Numbers of the chips that the record binds to the item of the key `key`, in upper case.
    ///
    /// - `json`: the record's object.
    pub fn of_item<'a>(
        &'a self,
        json: &'a Json,
        key: &'a str,
    ) -> impl Iterator<Item = String> + 'a {
        let hash = short(key);
        let from = self.places.partition_point(|(other, _)| *other < hash);
        let places = self.places[from..].iter().take_while(move |(other, _)| *other == hash);
        places.filter_map(move |(_, place)| {
            let text = texts(json).nth(usize::try_from(*place).ok()?)?;
            let (item, chip) = binding(text)?;
            (epc::thing_key(item) == key).then(|| chip.to_ascii_uppercase())
        })
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        size_of_val(&*self.places)
    }
}

/// The texts of the extension, in their order.
fn texts(json: &Json) -> impl Iterator<Item = &str> {
    let members = json.as_object().unwrap_or_default().iter();
    let own = members.filter(|(name, _)| is_extension(json, name));
    own.flat_map(|(_, value)| each(value)).filter_map(Json::as_str)
}

/// The elements of a list, or what stands where a list may stand.
fn each(value: &Json) -> &[Json] {
    match value {
        Json::Array(elements) => elements,
        other => slice::from_ref(other),
    }
}

/// Whether the member `name` of a record's object is the extension, by the prefixes of its `@context`.
fn is_extension(json: &Json, name: &str) -> bool {
    let Some(before) = name.strip_suffix(NAME) else { return false };
    let Some(prefix) = before.strip_suffix(':') else { return before == NAMESPACE };
    let parts = json.get("@context").map(each).unwrap_or_default();
    // The last definition of a prefix is the one that holds.
    let defined = parts.iter().rev().find_map(|part| part.get(prefix)?.as_str());
    defined == Some(NAMESPACE)
}

/// Item and chip of a text `ITEM CHIP`.
fn binding(text: &str) -> Option<(&str, &str)> {
    let (item, chip) = text.rsplit_once(' ')?;
    let is_chip = DIGITS.contains(&chip.len())
        && chip.len().is_multiple_of(2)
        && chip.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_chip.then_some((item, chip))
}

#[cfg(test)]
mod tests {
    use ledger::json::object;

    use super::*;
    use crate::testing::{CASE, GTIN, ITEM, SERIAL, object_event};

    const CHIP: &str = "04958CAA5C5E80";

    fn event(context: Json, name: &str, value: Json) -> Json {
        let draft = object_event("2026-11-20T08:00:00Z", "commissioning");
        draft.with("@context", context).with(name, value).record().json().clone()
    }

    fn voc() -> Json {
        object([("voc", Json::from(NAMESPACE))])
    }

    fn found(json: &Json, item: &str) -> Vec<String> {
        Chips::of(json).of_item(json, &epc::thing_key(item)).collect()
    }

    #[test]
    fn the_chips_of_an_item_are_found_in_every_spelling_of_item_prefix_and_chip() {
        let link = format!("https://brand.example/01/{GTIN}/21/{SERIAL}");
        let texts = [
            format!("{link} 04958caa5c5e80"),
            format!("{CASE} 04000000000001"),
            format!("{ITEM} E2801130200020AA"),
        ];
        let list = Json::Array(texts.iter().map(|text| Json::from(text.as_str())).collect());
        let other = object([("voc", Json::from("https://other.example/"))]);
        let contexts = Json::Array(vec![Json::from("https://other.example/context"), other, voc()]);
        for (context, name) in [
            (voc(), "voc:chips"),
            (contexts, "voc:chips"),
            (object([("x", Json::from(NAMESPACE))]), "x:chips"),
            (voc(), "https://chopmark.org/voc/chips"),
        ] {
            let json = event(context, name, list.clone());
            assert_eq!(found(&json, ITEM), [CHIP, "E2801130200020AA"], "{name}");
            assert_eq!(found(&json, CASE), ["04000000000001"]);
            assert!(found(&json, "urn:epc:id:sgtin:4012345.011111.1").is_empty());
        }
        let one = event(voc(), "voc:chips", Json::from(texts[0].as_str()));
        assert_eq!(found(&one, ITEM), [CHIP], "XML with one element gives no list");
    }

    #[test]
    fn the_event_of_the_manual_is_captured_and_binds_its_chip_in_json_and_in_xml() {
        let captured = |bytes: &[u8], item: &str| {
            let document = epcis::Document::parse(bytes).expect("a valid event");
            found(document.events()[0].json(), item)
        };
        let manual = include_str!("../../../docs/tags.md");
        let event = manual.split("```json\n").nth(1).and_then(|rest| rest.split("```").next());
        let item = "urn:epc:id:sgtin:952114112.0345.8";
        assert_eq!(captured(event.expect("an example").as_bytes(), item), [CHIP]);
        for chips in [vec![CHIP], vec!["04000000000001", CHIP]] {
            let texts = chips.iter().map(|chip| format!("<v:chips>{item} {chip}</v:chips>"));
            let xml = format!(
                "<epcis:EPCISDocument xmlns:epcis='urn:epcglobal:epcis:xsd:2' xmlns:v='{NAMESPACE}' schemaVersion='2.0' \
                 creationDate='2026-11-20T01:00:00Z'><EPCISBody><EventList><ObjectEvent>\
                 <eventTime>2026-11-20T08:15:00+08:00</eventTime><eventTimeZoneOffset>+08:00</eventTimeZoneOffset>\
                 <epcList><epc>{item}</epc></epcList><action>ADD</action><bizStep>commissioning</bizStep>{}\
                 </ObjectEvent></EventList></EPCISBody></epcis:EPCISDocument>",
                texts.collect::<String>()
            );
            let converted = epcis::xml::parse(xml.as_bytes(), &epcis::xml::Limits::default());
            let json = converted.expect("XML of an event").json.canonical();
            assert_eq!(captured(json.as_bytes(), item), chips, "{json}");
        }
    }

    #[test]
    fn what_is_no_item_and_chip_or_another_name_binds_nothing() {
        let right = format!("{ITEM} {CHIP}");
        let wrong = object([("voc", Json::from("https://other.example/"))]);
        let later = Json::Array(vec![voc(), wrong.clone()]);
        for (context, name) in [
            (wrong, "voc:chips"),
            (later, "voc:chips"),
            (Json::Null, "voc:chips"),
            (voc(), "voc:chipsets"),
            (voc(), "voc:old:chips"),
            (voc(), "chips"),
        ] {
            let json = event(context, name, Json::from(right.as_str()));
            assert!(found(&json, ITEM).is_empty(), "{name}");
        }
        for text in ["", ITEM, CHIP, &format!("{ITEM} 0495"), &format!("{ITEM} {CHIP}0")] {
            assert!(found(&event(voc(), "voc:chips", Json::from(text)), ITEM).is_empty(), "{text}");
        }
        for text in [format!("{ITEM} {}", "00".repeat(63)), format!("{ITEM} 04958CAA5C5E8G")] {
            assert!(found(&event(voc(), "voc:chips", Json::from(&*text)), ITEM).is_empty());
        }
        let number = Json::Array(vec![Json::Number("7".into()), Json::Array(Vec::new())]);
        assert!(found(&event(voc(), "voc:chips", number), ITEM).is_empty());
    }
}
