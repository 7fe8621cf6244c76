//! What a record names, found by its key without reading every name again.
//!
//! The way through: [`Names::of`] reads a record's object once; [`Names::take_long_lists`] takes the elements of its long
//! lists out of it, packed; [`Names::spellings`] finds a thing in both.
//!
//! What holds: pure; a name is compared by its whole key ([`epc::thing_key`]), the short hash only leads to it; the first
//! spelling is that which comes first in the record, in the order of [`Record::names`](ledger::record::Record::names).
//!
//! Not here: which members name things (`ledger::record`, docs/formats/record-v1.md).

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use ledger::hash::sha256;
use ledger::json::Json;
use ledger::record::{NAMING, name_in, naming_elements};

use crate::packed::Packed;

/// Most elements of a list that stays as it is.
const SHORT: usize = 8;

/// One name of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// Short hash of its key.
    hash: u32,
    /// Place in [`NAMING`].
    list: u8,
    /// Place in the list.
    element: u32,
}

/// Where a record names what.
#[derive(Debug, Default)]
pub struct Names {
    /// In order.
    places: Box<[Place]>,
    /// Keys of classes and lots, each once, in the order of the names.
    classes: Vec<String>,
    /// The elements of lists that were taken out of the record, by place in [`NAMING`].
    taken: Vec<(u8, Packed)>,
}

/// A hash by which keys are looked up, and never compared.
pub(crate) fn short(key: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let [_, _, _, _, low @ ..] = hasher.finish().to_be_bytes();
    u32::from_be_bytes(low)
}

impl Names {
    /// The names in a record's object.
    ///
    /// - Cost: one key for each name.
    #[must_use]
    pub fn of(json: &Json) -> Self {
        let mut seen: HashSet<String> = HashSet::new();
        let (mut places, mut classes) = (Vec::new(), Vec::new());
        for (list, (member, inner)) in (0..).zip(NAMING) {
            for (element, value) in (0..).zip(naming_elements(json, member)) {
                let Some(name) = name_in(value, *inner) else { continue };
                let key = epc::thing_key(name);
                places.push(Place { hash: short(&key), list, element });
                if is_class(&key) && seen.insert(key.clone()) {
                    classes.push(key);
                }
            }
        }
        places.sort_unstable();
        Self { places: places.into(), classes, taken: Vec::new() }
    }

    /// Takes the elements of long lists of names out of `json`, the record's object, and keeps them in little room.
    ///
    /// What stays in a list's place is one value that no JSON text can have, and that is the same for the same list only.
    pub fn take_long_lists(&mut self, json: &mut Json) {
        for (list, (member, _)) in (0..).zip(NAMING).filter(|(_, (_, inner))| inner.is_none()) {
            let Some(Json::Array(elements)) = json.get_mut(member) else { continue };
            let texts = || elements.iter().map_while(Json::as_str);
            if elements.len() <= SHORT || texts().count() < elements.len() {
                continue;
            }
            let Some(packed) = Packed::of(texts()) else { continue };
            let mut whole = Vec::new();
            for text in texts() {
                whole.extend_from_slice(&(text.len() as u64).to_be_bytes());
                whole.extend_from_slice(text.as_bytes());
            }
            // A number that was read begins with a digit or a minus sign.
            *elements = vec![Json::Number(format!("!{}", sha256(&whole)))];
            self.taken.push((list, packed));
        }
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let classes: usize = self.classes.iter().map(|class| class.len() + 24).sum();
        let taken: usize = self.taken.iter().map(|(_, list)| list.weight() + 64).sum();
        self.places.len() * size_of::<Place>() + classes + taken
    }

    /// Keys of classes and lots that are named, each once.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.classes.iter().map(String::as_str)
    }

    /// Every name of the record.
    ///
    /// - `json`: the record's object, with or without its long lists.
    pub fn all<'a>(&'a self, json: &'a Json) -> impl Iterator<Item = Cow<'a, str>> + 'a {
        self.places.iter().filter_map(move |place| Some(self.name_at(json, *place)?.1))
    }

    /// The name at a place, with the member that has it.
    fn name_at<'a>(&'a self, json: &'a Json, place: Place) -> Option<(&'static str, Cow<'a, str>)> {
        let (member, inner) = NAMING.get(usize::from(place.list))?;
        let element = usize::try_from(place.element).ok()?;
        let taken = self.taken.iter().find(|(list, _)| *list == place.list);
        let name = match taken {
            Some((_, packed)) => Cow::Owned(packed.get(element)?),
            None => name_in(naming_elements(json, member).get(element)?, *inner)?.into(),
        };
        Some((*member, name))
    }

    /// Every spelling under which the record names the thing of the key `key`, with the member that has it.
    ///
    /// - `json`: the record's object, with or without its long lists.
    pub fn spellings<'a>(
        &'a self,
        json: &'a Json,
        key: &'a str,
    ) -> impl Iterator<Item = (&'static str, Cow<'a, str>)> + 'a {
        let hash = short(key);
        let from = self.places.partition_point(|place| place.hash < hash);
        self.places[from..].iter().take_while(move |place| place.hash == hash).filter_map(
            move |place| {
                let found = self.name_at(json, *place)?;
                (epc::thing_key(&found.1) == key).then_some(found)
            },
        )
    }
}

/// Whether a key may be that of a class or a lot: it has a GTIN and no serial.
fn is_class(key: &str) -> bool {
    key.starts_with("https://id.gs1.org/01/") && !key.contains("/21/")
}

#[cfg(test)]
mod tests {
    use ledger::record::Record;

    use super::*;
    use crate::testing::{CASE, ITEM, excursion_event, object_event, packing_event};

    const OTHER_SPLIT: &str = "urn:epc:id:sgtin:401234.0511111.9876";

    fn spellings(record: &Record, key: &str) -> Vec<(&'static str, String)> {
        let names = Names::of(record.json());
        let found = names.spellings(record.json(), key);
        found.map(|(member, name)| (member, name.into_owned())).collect()
    }

    #[test]
    fn a_thing_is_found_in_every_spelling_and_list_the_first_first() {
        let events = packing_event("2026-11-20T08:00:00Z", "ADD", CASE, &[OTHER_SPLIT, ITEM]);
        let record = events.of(&[ITEM]).record();
        let item = epc::thing_key(ITEM);
        let found = spellings(&record, &item);
        let expected = [("epcList", ITEM), ("childEPCs", OTHER_SPLIT), ("childEPCs", ITEM)];
        assert_eq!(found, expected.map(|(member, name)| (member, name.to_owned())));
        let case = spellings(&record, &epc::thing_key(CASE));
        assert_eq!(case, [("parentID", CASE.to_owned())]);
        assert!(spellings(&record, "https://id.gs1.org/01/04012345111118/21/1").is_empty());
    }

    #[test]
    fn every_name_of_a_record_is_found_by_its_key() {
        for record in [
            object_event("2026-11-20T08:00:00Z", "storing").of(&["urn:x", "", ITEM]).record(),
            excursion_event("2026-11-20T08:00:00Z", "2026-11-20T09:00:00Z", "9.2").record(),
        ] {
            for name in record.names() {
                let found = spellings(&record, &epc::thing_key(&name));
                assert!(found.iter().any(|(_, spelled)| *spelled == name), "{name}");
            }
        }
    }

    #[test]
    fn classes_and_lots_are_listed_and_items_are_not() {
        let record = excursion_event("2026-11-20T08:00:00Z", "2026-11-20T09:00:00Z", "9.2")
            .of(&[ITEM, "urn:epc:idpat:sgtin:4012345.011111.*"])
            .record();
        let names = Names::of(record.json());
        let classes: Vec<&str> = names.classes().collect();
        let gtin = "https://id.gs1.org/01/04012345111118";
        assert_eq!(classes, [gtin.to_owned(), format!("{gtin}/10/L1")]);
    }
    #[test]
    fn a_thing_in_a_long_list_is_found_as_it_is_spelled_there_after_the_list_was_taken_out() {
        let things: Vec<String> =
            (0..40).map(|serial| format!("urn:epc:id:sgtin:4012345.011111.{serial}")).collect();
        let mut named: Vec<&str> = things.iter().map(String::as_str).collect();
        named.extend([OTHER_SPLIT, ITEM]);
        let record = packing_event("2026-11-20T08:00:00Z", "ADD", CASE, &named).record();
        let mut found_names = Names::of(record.json());
        let mut json = record.json().clone();
        found_names.take_long_lists(&mut json);
        assert_eq!(json.get("childEPCs").and_then(Json::as_array).map(<[Json]>::len), Some(1));
        for name in record.names() {
            let key = epc::thing_key(&name);
            let found: Vec<_> = found_names.spellings(&json, &key).collect();
            assert!(found.iter().any(|(_, spelled)| *spelled == name), "{name}: {found:?}");
        }
        let item = epc::thing_key(ITEM);
        let both: Vec<_> = found_names.spellings(&json, &item).map(|(_, name)| name).collect();
        assert_eq!(both, [OTHER_SPLIT, ITEM]);
    }

    #[test]
    fn what_stays_of_a_long_list_is_the_same_for_the_same_list_only_and_is_no_json() {
        let stays = |things: &[&str]| {
            let mut json =
                packing_event("2026-11-20T08:00:00Z", "ADD", CASE, things).record().json().clone();
            Names::of(&json).take_long_lists(&mut json);
            json.get("childEPCs").cloned()
        };
        let list = ["urn:a:1", "urn:a:2", "urn:a:3", "urn:a:4", "urn:a:5", "urn:a:6", "urn:a:7"];
        let (one, other) =
            ([&list[..], &["urn:a:8", "9"]].concat(), [&list[..], &["urn:a:89", ""]]);
        assert_eq!(stays(&one), stays(&one));
        assert_ne!(stays(&one), stays(&other.concat()));
        let text = stays(&one).unwrap().canonical();
        assert!(ledger::json::parse(text.as_bytes(), &ledger::json::Limits::default()).is_err());
        assert_eq!(stays(&list).unwrap().as_array().map(<[Json]>::len), Some(7), "it is short");
    }
}
