//! What a record names, found by its key without reading every name again.
//!
//! What holds: pure; a name is compared by its whole key ([`epc::thing_key`]), the short hash only leads to it; the first
//! spelling is that which comes first in the record, in the order of [`Record::names`].
//!
//! Not here: which members name things (`ledger::record`, docs/formats/record-v1.md).

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use ledger::json::Json;
use ledger::record::{NAMING, Record, name_in, naming_elements};

/// One name of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// Short hash of its key.
    hash: u64,
    /// Place in [`NAMING`].
    list: u8,
    /// Place in the list.
    element: u32,
}

/// Where a record names what.
#[derive(Debug, Default)]
pub struct Names {
    /// In order.
    places: Vec<Place>,
    /// Keys of classes and lots, each once, in the order of the names.
    classes: Vec<String>,
}

fn short(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

impl Names {
    /// The names of `record`.
    ///
    /// - Cost: one key for each name.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        let json = record.json();
        let mut keys: HashMap<&str, u64> = HashMap::new();
        let mut classes: HashSet<String> = HashSet::new();
        let mut names = Self::default();
        for (list, (member, inner)) in (0..).zip(NAMING) {
            for (element, value) in (0..).zip(naming_elements(json, member)) {
                let Some(name) = name_in(value, *inner) else { continue };
                let hash = *keys.entry(name).or_insert_with(|| {
                    let key = epc::thing_key(name);
                    let hash = short(&key);
                    if is_class(&key) && classes.insert(key.clone()) {
                        names.classes.push(key);
                    }
                    hash
                });
                names.places.push(Place { hash, list, element });
            }
        }
        names.places.sort_unstable();
        names
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let classes: usize = self.classes.iter().map(|class| class.len() + 24).sum();
        self.places.len() * size_of::<Place>() + classes
    }

    /// Keys of classes and lots that are named, each once.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.classes.iter().map(String::as_str)
    }

    /// Every spelling under which `json`, the record's object, names the thing of the key `key`, with the member that has it.
    pub fn spellings<'a>(
        &'a self,
        json: &'a Json,
        key: &'a str,
    ) -> impl Iterator<Item = (&'static str, &'a str)> + 'a {
        let hash = short(key);
        let from = self.places.partition_point(|place| place.hash < hash);
        self.places[from..].iter().take_while(move |place| place.hash == hash).filter_map(
            move |place| {
                let (member, inner) = NAMING.get(usize::from(place.list))?;
                let element = usize::try_from(place.element).ok()?;
                let name = name_in(naming_elements(json, member).get(element)?, *inner)?;
                (epc::thing_key(name) == key).then_some((*member, name))
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
    use super::*;
    use crate::testing::{CASE, ITEM, excursion_event, object_event, packing_event};

    const OTHER_SPLIT: &str = "urn:epc:id:sgtin:401234.0511111.9876";

    fn spellings(record: &Record, key: &str) -> Vec<(&'static str, String)> {
        let names = Names::of(record);
        let found = names.spellings(record.json(), key);
        found.map(|(member, name)| (member, name.to_owned())).collect()
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
        let names = Names::of(&record);
        let classes: Vec<&str> = names.classes().collect();
        let gtin = "https://id.gs1.org/01/04012345111118";
        assert_eq!(classes, [gtin.to_owned(), format!("{gtin}/10/L1")]);
    }
}
