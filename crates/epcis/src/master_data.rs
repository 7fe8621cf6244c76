//! Master data in documents: vocabulary elements with their attributes and children.
//!
//! The way through: [`read`] takes the elements out of a document in its JSON form (a document in XML is converted first,
//! [`crate::xml`]): of the header of a document of events, of the body of an `EPCISMasterDataDocument`, or of the results of a
//! query. [`vocabulary_list`] writes them back.
//!
//! What holds:
//!
//! - what cannot be read is left out and named with its place; the rest is taken;
//! - names of attributes are whole (`urn:epcglobal:cbv:mda:descriptionShort`), by the context of the document;
//! - numbers and lengths are bounded: what is beyond a bound is named and left out.
//!
//! Not here: who may say what about whom (`trace-api`), tables (`sql`).
//!
//! Sources: EPCIS 2.0 sections 6.5, 8.2.7.2 and 9.5; CBV 2.0 section 10; docs/decisions/0066-master-data.md.

use ledger::json::{Json, object};

use crate::context::Context;
use crate::query::whole_name;
use crate::violation::{Violation, Violations};

/// Most elements that are taken of one document.
pub const MOST_ELEMENTS: usize = 10_000;
/// Most values, and most children, that are taken of one element.
pub const MOST_VALUES: usize = 1_000;
/// Longest identifier and name of an attribute, in bytes.
pub const LONGEST_NAME: usize = 512;
/// Longest value, in bytes.
pub const LONGEST_VALUE: usize = 4_096;

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An organisation.
    Party,
    /// A place.
    Place,
    /// A class of items: a GTIN.
    Product,
    /// A lot of a product.
    Lot,
    /// Anything else that has master data.
    Other,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Party, Self::Place, Self::Product, Self::Lot, Self::Other];

    /// The word in addresses, commands and answers: `product`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Party => "party",
            Self::Place => "place",
            Self::Product => "product",
            Self::Lot => "lot",
            Self::Other => "other",
        }
    }

    /// The kind of that word, in the singular or plural.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let plural = |kind: &Self| match kind {
            Self::Party => "parties",
            Self::Place => "places",
            Self::Product => "products",
            Self::Lot => "lots",
            Self::Other => "others",
        };
        Self::ALL.into_iter().find(|kind| kind.word() == word || plural(kind) == word)
    }

    /// What an element is by its identifier, and where that says nothing by the vocabulary that it stands in.
    #[must_use]
    pub fn of(id: &str, vocabulary: &str) -> Self {
        let key = epc::thing_key(id);
        let path = key.strip_prefix("https://id.gs1.org/").unwrap_or_default();
        match path.split('/').next() {
            Some("417") => return Self::Party,
            Some("414" | "254") => return Self::Place,
            Some("01") if path.contains("/21/") || path.contains("/235/") => return Self::Other,
            Some("01") if path.contains("/10/") => return Self::Lot,
            Some("01") => return Self::Product,
            _ => {}
        }
        match vocabulary.rsplit([':', '/', '-', '#']).next().unwrap_or_default() {
            "BusinessLocation" | "ReadPoint" | "Location" => Self::Place,
            "SourceDest" | "Party" => Self::Party,
            "EPCClass" => Self::Product,
            _ => Self::Other,
        }
    }

    /// The vocabulary of elements for which none was stated.
    #[must_use]
    pub fn vocabulary(self) -> &'static str {
        match self {
            Self::Party => "urn:epcglobal:epcis:vtype:SourceDest",
            Self::Place => "urn:epcglobal:epcis:vtype:BusinessLocation",
            Self::Product | Self::Lot => "urn:epcglobal:epcis:vtype:EPCClass",
            Self::Other => "urn:chopmark:vtype:Other",
        }
    }
}

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value {
    /// The whole name of the attribute.
    pub name: String,
    /// The text; of a value that is an object its canonical JSON.
    pub text: String,
    /// Its language (`zh`); empty if none is stated.
    pub language: String,
}

/// An element of a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// The vocabulary: `urn:epcglobal:epcis:vtype:BusinessLocation`.
    pub vocabulary: String,
    /// What it is about, as it was written.
    pub id: String,
    /// Values in their order; several of one name are several values.
    pub values: Vec<Value>,
    /// What lies within it, as it was written.
    pub children: Vec<String>,
}

/// What was read of a document, and what of it could not be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MasterDataOf {
    /// The elements, in the order of the document.
    pub elements: Vec<Element>,
    /// What was left out, at most 100.
    pub left_out: Vec<Violation>,
}

/// Where a document may have vocabularies.
const LISTS: [&[&str]; 3] = [
    &["epcisHeader", "epcisMasterData", "vocabularyList"],
    &["epcisBody", "vocabularyList"],
    &["epcisBody", "queryResults", "resultsBody", "vocabularyList"],
];

/// Whether a document in its JSON form, or what stands around its events, has master data.
#[must_use]
pub fn is_in(document: &Json) -> bool {
    LISTS.iter().any(|path| at(document, path).is_some())
}

fn at<'a>(document: &'a Json, path: &[&str]) -> Option<&'a Json> {
    path.iter().try_fold(document, |json, name| json.get(name))
}

/// The master data of a document in its JSON form.
#[must_use]
pub fn read(document: &Json) -> MasterDataOf {
    let context = Context::unchecked(document, &Context::default());
    let mut reading = Reading { context, found: Vec::new(), violations: Violations::default() };
    for path in LISTS {
        if let Some(list) = at(document, path) {
            reading.list(list, &format!("/{}", path.join("/")));
        }
    }
    MasterDataOf { elements: reading.found, left_out: reading.violations.list() }
}

struct Reading {
    context: Context,
    found: Vec<Element>,
    violations: Violations,
}

impl Reading {
    fn refuse(&mut self, pointer: &str, value: &Json, problem: &str, expected: &str) {
        self.violations.add(pointer, &value.canonical(), problem, expected);
    }

    /// The items of a list; anything else is left out.
    fn items<'a>(&mut self, json: Option<&'a Json>, pointer: &str) -> &'a [Json] {
        match json {
            None => &[],
            Some(Json::Array(items)) => items,
            Some(other) => {
                self.refuse(pointer, other, "not a list", "a list");
                &[]
            }
        }
    }

    fn list(&mut self, list: &Json, pointer: &str) {
        for (place, vocabulary) in self.items(Some(list), pointer).iter().enumerate() {
            let pointer = format!("{pointer}/{place}");
            let kind = vocabulary.get("type").and_then(Json::as_str).unwrap_or_default();
            if kind.is_empty() || kind.len() > LONGEST_NAME {
                self.refuse(&pointer, vocabulary, "a vocabulary without a type", "a member `type`");
                continue;
            }
            let kind = whole_name(kind, &self.context);
            let pointer = format!("{pointer}/vocabularyElementList");
            let elements = vocabulary.get("vocabularyElementList");
            for (place, element) in self.items(elements, &pointer).iter().enumerate() {
                if self.found.len() == MOST_ELEMENTS {
                    let expected = format!("at most {MOST_ELEMENTS} elements of one document");
                    self.violations.add(&pointer, "more", "too many elements", &expected);
                    return;
                }
                self.element(&kind, element, &format!("{pointer}/{place}"));
            }
        }
    }

    fn element(&mut self, vocabulary: &str, json: &Json, pointer: &str) {
        let Some(id) = json.get("id").and_then(Json::as_str).and_then(identifier) else {
            let expected = "a member `id`, a URI of at most 512 bytes";
            self.refuse(pointer, json, "an element without an identifier", expected);
            return;
        };
        let mut element = Element { vocabulary: vocabulary.to_owned(), id, ..Element::default() };
        let place = format!("{pointer}/attributes");
        for (number, attribute) in self.items(json.get("attributes"), &place).iter().enumerate() {
            self.attribute(attribute, &format!("{place}/{number}"), &mut element.values);
        }
        let place = format!("{pointer}/children");
        for (number, child) in self.items(json.get("children"), &place).iter().enumerate() {
            match child.as_str().and_then(identifier) {
                Some(_) if element.children.len() >= MOST_VALUES => {
                    let expected = format!("at most {MOST_VALUES} children of one element");
                    self.refuse(&place, child, "too many children", &expected);
                    break;
                }
                Some(child) => element.children.push(child),
                None => self.refuse(&format!("{place}/{number}"), child, "not a URI", "a URI"),
            }
        }
        self.found.push(element);
    }

    fn attribute(&mut self, json: &Json, pointer: &str, values: &mut Vec<Value>) {
        let name = json.get("id").and_then(Json::as_str).unwrap_or_default();
        let name = whole_name(name, &self.context);
        if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            let expected = "a member `id`, the name of the attribute, at most 512 bytes";
            self.refuse(pointer, json, "an attribute without a name", expected);
            return;
        }
        let value = json.get("attribute").unwrap_or(&Json::Null);
        for value in value.as_array().unwrap_or(std::slice::from_ref(value)) {
            let (text, language) = text_of(value);
            if values.len() >= MOST_VALUES {
                let expected = format!("at most {MOST_VALUES} values of one element");
                self.refuse(pointer, json, "too many values", &expected);
                return;
            }
            if text.len() > LONGEST_VALUE || language.len() > 35 || text.contains('\0') {
                let expected = "a value of at most 4096 bytes without a zero character";
                self.refuse(pointer, value, "not a value that can be kept", expected);
                continue;
            }
            values.push(Value { name: name.clone(), text, language });
        }
    }
}

/// A text that names something.
fn identifier(text: &str) -> Option<String> {
    let is_name = (1..=LONGEST_NAME).contains(&text.len())
        && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    is_name.then(|| text.to_owned())
}

/// The text of a value, and its language.
fn text_of(value: &Json) -> (String, String) {
    let text = |value: &Json| value.as_str().map_or_else(|| value.canonical(), str::to_owned);
    let members = value.as_object().unwrap_or_default();
    let is_text = !members.is_empty()
        && members.iter().all(|(name, _)| ["@value", "@language", "@type"].contains(&&**name));
    match value.get("@value").filter(|_| is_text) {
        Some(inner) => {
            let language = value.get("@language").and_then(Json::as_str).unwrap_or_default();
            (text(inner), language.to_ascii_lowercase())
        }
        None => (text(value), String::new()),
    }
}

/// The elements as the list of a document, by vocabulary in the order of their first elements.
#[must_use]
pub fn vocabulary_list(elements: &[Element]) -> Json {
    let mut lists: Vec<(&str, Vec<Json>)> = Vec::new();
    for element in elements {
        let json = element_json(element);
        match lists.iter_mut().find(|(kind, _)| *kind == element.vocabulary) {
            Some((_, list)) => list.push(json),
            None => lists.push((&element.vocabulary, vec![json])),
        }
    }
    let lists = lists.into_iter().map(|(kind, list)| {
        object([("type", Json::from(kind)), ("vocabularyElementList", Json::Array(list))])
    });
    Json::Array(lists.collect())
}

fn element_json(element: &Element) -> Json {
    let text = |text: &String| Json::from(text.as_str());
    let values = element.values.iter().map(|value| {
        let own = if value.language.is_empty() {
            text(&value.text)
        } else {
            object([("@language", text(&value.language)), ("@value", text(&value.text))])
        };
        object([("id", text(&value.name)), ("attribute", own)])
    });
    let mut members =
        vec![("id", text(&element.id)), ("attributes", Json::Array(values.collect()))];
    if !element.children.is_empty() {
        members.push(("children", Json::Array(element.children.iter().map(text).collect())));
    }
    object(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        ledger::json::parse(text.as_bytes(), &ledger::json::Limits::default()).unwrap()
    }

    const DOCUMENT: &str = r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{"ex":"https://ex.example/v/"}],
      "type":"EPCISDocument","epcisHeader":{"epcisMasterData":{"vocabularyList":[
        {"type":"urn:epcglobal:epcis:vtype:BusinessLocation","vocabularyElementList":[
          {"id":"urn:epc:id:sgln:4012345.00001.0","attributes":[
            {"id":"cbvmda:name","attribute":[{"@value":"工厂","@language":"ZH"},{"@value":"Factory","@language":"en"}]},
            {"id":"ex:floor","attribute":3},{"id":"ex:address","attribute":{"city":"Hangzhou"}}],
           "children":["urn:epc:id:sgln:4012345.00001.7"]}]}]}}}"#;

    #[test]
    fn elements_are_read_with_whole_names_languages_and_children() {
        let document = json(DOCUMENT);
        assert!(is_in(&document));
        let MasterDataOf { elements, left_out } = read(&document);
        assert_eq!(left_out, []);
        let [element] = elements.as_slice() else { panic!("{elements:?}") };
        assert_eq!(element.children, ["urn:epc:id:sgln:4012345.00001.7"]);
        let values: Vec<(&str, &str, &str)> =
            element.values.iter().map(|v| (&*v.name, &*v.text, &*v.language)).collect();
        assert_eq!(
            values,
            [
                ("urn:epcglobal:cbv:mda:name", "工厂", "zh"),
                ("urn:epcglobal:cbv:mda:name", "Factory", "en"),
                ("https://ex.example/v/floor", "3", ""),
                ("https://ex.example/v/address", r#"{"city":"Hangzhou"}"#, ""),
            ]
        );
        // What is written is read again as the same.
        let body = object([("vocabularyList", vocabulary_list(&elements))]);
        let again = object([("type", Json::from("EPCISMasterDataDocument")), ("epcisBody", body)]);
        assert_eq!(read(&again).elements, elements);
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place_and_the_rest_is_taken() {
        let long = "x".repeat(LONGEST_VALUE + 1);
        let text = format!(
            r#"{{"epcisBody":{{"vocabularyList":[{{}},{{"type":"v:Place","vocabularyElementList":[{{"attributes":[]}},
               {{"id":"urn:x:1","attributes":[{{"attribute":"a"}},{{"id":"n","attribute":"{long}"}},{{"id":"n","attribute":"kept"}}],
                "children":[7]}}]}}]}}}}"#
        );
        let MasterDataOf { elements, left_out } = read(&json(&text));
        assert_eq!(elements.len(), 1);
        assert_eq!(elements[0].values.len(), 1);
        let places: Vec<&str> = left_out.iter().map(|one| &*one.pointer).collect();
        let list = "/epcisBody/vocabularyList";
        assert_eq!(
            places,
            [
                format!("{list}/0"),
                format!("{list}/1/vocabularyElementList/0"),
                format!("{list}/1/vocabularyElementList/1/attributes/0"),
                format!("{list}/1/vocabularyElementList/1/attributes/1"),
                format!("{list}/1/vocabularyElementList/1/children/0"),
            ]
        );
        assert!(!is_in(&json("{}")));
        assert_eq!(read(&json(r#"{"epcisHeader":[]}"#)), MasterDataOf::default());
    }

    #[test]
    fn a_kind_follows_from_the_key_and_else_from_the_vocabulary() {
        for (id, vocabulary, kind) in [
            ("urn:epc:id:pgln:4012345.00000", "", Kind::Party),
            (
                "urn:epc:id:sgln:4012345.00001.7",
                "urn:epcglobal:epcis:vtype:SourceDest",
                Kind::Place,
            ),
            ("https://brand.example/01/04012345111118", "", Kind::Product),
            ("urn:epc:idpat:sgtin:4012345.011111.*", "", Kind::Product),
            ("urn:epc:class:lgtin:4012345.011111.L1", "", Kind::Lot),
            ("urn:epc:id:sgtin:4012345.011111.1", "", Kind::Other),
            ("urn:x:door", "urn:epcglobal:epcis:vtype:ReadPoint", Kind::Place),
            ("urn:x:maker", "https://ref.gs1.org/cbv/Party", Kind::Party),
            ("urn:x:y", "urn:z", Kind::Other),
        ] {
            assert_eq!(Kind::of(id, vocabulary), kind, "{id}");
        }
        assert!(Kind::ALL.iter().all(|kind| Kind::from_word(kind.word()) == Some(*kind)));
        assert_eq!(Kind::from_word("places"), Some(Kind::Place));
    }
}
