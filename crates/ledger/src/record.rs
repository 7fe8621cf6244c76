//! Records: an event as a ledger keeps it, committed to field by field.
//!
//! The way through: [`Record::from_json`] takes a JSON object, [`Record::text`] is what is stored,
//! [`Record::leaf_hash`] is what goes into the tree, [`Record::disclose`] selects the part of it that
//! someone else gets, who can compute the same leaf hash from that part alone ([`DisclosedRecord::commitment`]).
//!
//! What holds: the text is canonical, so that the same record always has the same bytes; a value is text, so that
//! a verifier hashes bytes and needs no JSON writer; without the secret no hidden value can be guessed; names are
//! never hidden, and no disclosure hides a mandatory field.
//!
//! Not here: what members an event must have (`epcis`), who composes a record (`ingest`), the tree
//! ([`crate::tree`]).
//!
//! Source: docs/formats/record-v1.md.

mod commitment;
mod disclosed;
mod naming;
mod tombstone;

use std::ops::Range;

pub use commitment::{LIST_FIELDS, MANDATORY_FIELDS, Salt, Secret};
use commitment::{Salts, commitment_of, list_digest, plain_digest};
pub use disclosed::{DisclosedElement, DisclosedField, DisclosedRecord, DisclosureError};
pub(crate) use naming::names_in;
pub use naming::{NAMING, name_in, naming_elements};
use thiserror::Error;
pub use tombstone::{ERASED_SECRET, Tombstone};

pub use crate::members::ShapeError;
use crate::{
    hash::{self, Hash},
    json::{self, Json, JsonError, Limits},
    tree,
};

/// Why a JSON value is not a record.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordError {
    /// The text is not JSON.
    #[error("record: {0}")]
    Json(#[from] JsonError),
    /// Not an object.
    #[error("record is not an object with members")]
    NotAnObject,
    /// The text is JSON, but not in its canonical form.
    #[error("record text is not canonical from byte {0} on")]
    NotCanonical(usize),
    /// More bytes than a record may have.
    #[error("got a record of {bytes} bytes, expected at most {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A list field holds something other than an array.
    #[error("member {0} is not an array")]
    NotAList(String),
    /// A member's name is the salt path of a list element.
    #[error("member name `{0}` collides with an element of a list")]
    Name(String),
}

/// A record: a canonical JSON object.
#[derive(Debug, Clone)]
pub struct Record {
    text: String,
    json: Json,
    /// Where in the text the values of the members are, in the order of the text.
    values: Vec<Range<usize>>,
}

/// Two records are equal if their texts are.
impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Record {}

/// Which part of a record is disclosed.
#[derive(Debug, Clone, Copy)]
pub enum Disclosure<'a> {
    /// Everything.
    All,
    /// All plain fields; of list fields only those elements that are, or whose `epcClass` is, one of these URIs;
    /// a list without such an element is hidden behind its digest.
    Items(&'a [String]),
    /// Of plain fields only [`MANDATORY_FIELDS`] and those named here; of list fields as [`Self::Items`].
    Fields {
        /// Names of plain fields.
        plain: &'a [&'a str],
        /// URIs of list elements.
        items: &'a [String],
    },
}

impl Disclosure<'_> {
    fn shows_plain(&self, name: &str) -> bool {
        match self {
            Self::All | Self::Items(_) => true,
            Self::Fields { plain, .. } => MANDATORY_FIELDS.contains(&name) || plain.contains(&name),
        }
    }

    fn shows_element(&self, value: &Json) -> bool {
        let items = match self {
            Self::All => return true,
            Self::Items(items) | Self::Fields { items, .. } => items,
        };
        let uri = value.as_str().or_else(|| value.get("epcClass")?.as_str());
        uri.is_some_and(|uri| items.iter().any(|item| item == uri))
    }
}

impl Record {
    /// Makes a record of an object.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if it is not an object, has no members, a list field is not an array, or it is too large.
    pub fn from_json(json: Json) -> Result<Self, RecordError> {
        let (text, values) = json::canonical_object(check_members(&json)?);
        let limit = Limits::default().max_bytes;
        if text.len() > limit {
            return Err(RecordError::TooLarge { bytes: text.len(), limit });
        }
        Ok(Self { text, json, values })
    }

    /// Reads a stored record.
    ///
    /// # Errors
    ///
    /// [`RecordError`]; a text that is not canonical is refused.
    pub fn parse(canonical_text: &str) -> Result<Self, RecordError> {
        let json = json::parse(canonical_text.as_bytes(), &Limits::default())?;
        let (text, values) = json::canonical_object(check_members(&json)?);
        if text != canonical_text {
            let same = text.bytes().zip(canonical_text.bytes());
            return Err(RecordError::NotCanonical(same.take_while(|(a, b)| a == b).count()));
        }
        Ok(Self { text, json, values })
    }

    /// The canonical text: what is stored and what is hashed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The object.
    #[must_use]
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// The object, without the text.
    #[must_use]
    pub fn into_json(self) -> Json {
        self.json
    }

    /// The members, in the order they were given.
    #[must_use]
    pub fn fields(&self) -> &[(String, Json)] {
        self.json.as_object().unwrap_or_default()
    }

    /// Members with the canonical texts of their values, in bytewise order of name, which is the order of the commitment.
    fn sorted(&self) -> Vec<(&str, &Json, &str)> {
        let texts = self.values.iter().map(|place| &self.text[place.clone()]);
        let mut members: Vec<_> = json::sorted(self.fields())
            .into_iter()
            .zip(texts)
            .map(|((name, value), text)| (name.as_str(), value, text))
            .collect();
        members.sort_unstable_by_key(|(name, ..)| *name);
        members
    }

    /// The commitment `c`.
    ///
    /// - Cost: one HMAC and one or two hashes for each field and list element.
    #[must_use]
    pub fn commitment(&self, secret: &Secret) -> Hash {
        let salts = Salts::new(secret);
        let digest = |name: &str, value: &Json, text: &str| match value {
            Json::Array(elements) if LIST_FIELDS.contains(&name) => {
                let leaves = salts.element_leaves(name, elements);
                list_digest(name, elements.len() as u64, &tree::root(&leaves))
            }
            _ => plain_digest(name, &salts.field(name), text),
        };
        let members = self.sorted().into_iter();
        let fields: Vec<_> =
            members.map(|(name, value, text)| (name, digest(name, value, text))).collect();
        commitment_of(&fields)
    }

    /// The hash that goes into the ledger's tree: `H(0x00 ‖ c)`.
    #[must_use]
    pub fn leaf_hash(&self, secret: &Secret) -> Hash {
        hash::leaf(self.commitment(secret).as_bytes())
    }

    /// Every EPC and class URI that the record names, once each: of epcList, parentID, childEPCs, inputEPCList,
    /// outputEPCList, then the `epcClass` of the quantity lists.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        names_in(&self.json)
    }

    /// The part of the record that `what` selects.
    #[must_use]
    pub fn disclose(&self, secret: &Secret, what: &Disclosure<'_>) -> DisclosedRecord {
        let salts = Salts::new(secret);
        let fields = self
            .sorted()
            .into_iter()
            .map(|(name, value, text)| match value {
                Json::Array(elements) if LIST_FIELDS.contains(&name) => {
                    disclose_list(&salts, name, elements, what)
                }
                _ => disclose_plain(&salts, name, text, what),
            })
            .collect();
        DisclosedRecord { fields }
    }
}

/// The members of an object that may be a record: it has some, list fields are lists, and no name is that of an element.
fn check_members(json: &Json) -> Result<&[(String, Json)], RecordError> {
    let members = json.as_object().unwrap_or_default();
    if members.is_empty() {
        return Err(RecordError::NotAnObject);
    }
    for (name, value) in members {
        if LIST_FIELDS.contains(&name.as_str()) && value.as_array().is_none() {
            return Err(RecordError::NotAList(name.clone()));
        }
        // Its salt would be that of the element.
        if name.split_once('/').is_some_and(|(list, _)| LIST_FIELDS.contains(&list)) {
            return Err(RecordError::Name(name.clone()));
        }
    }
    Ok(members)
}

/// A plain field as it is disclosed: with its value, or hidden.
fn disclose_plain(salts: &Salts, name: &str, value: &str, what: &Disclosure<'_>) -> DisclosedField {
    let salt = salts.field(name);
    if what.shows_plain(name) {
        return DisclosedField::Plain { name: name.to_owned(), salt, value: value.to_owned() };
    }
    DisclosedField::Hidden { name: name.to_owned(), digest: plain_digest(name, &salt, value) }
}

/// A list field as it is disclosed: whole, in part, or hidden if none of its elements is wanted.
fn disclose_list(
    salts: &Salts,
    name: &str,
    elements: &[Json],
    what: &Disclosure<'_>,
) -> DisclosedField {
    let shown: Vec<usize> =
        (0..elements.len()).filter(|index| what.shows_element(&elements[*index])).collect();
    let leaves = salts.element_leaves(name, elements);
    if shown.is_empty() && !elements.is_empty() {
        let digest = list_digest(name, elements.len() as u64, &tree::root(&leaves));
        return DisclosedField::Hidden { name: name.to_owned(), digest };
    }
    let all = shown.len() == elements.len();
    let elements = shown
        .into_iter()
        .map(|index| DisclosedElement {
            index: index as u64,
            salt: salts.element(name, index),
            value: elements[index].canonical(),
            // The root is computed from all elements.
            path: if all { Vec::new() } else { tree::inclusion_path(index as u64, &leaves) },
        })
        .collect();
    DisclosedField::List { name: name.to_owned(), count: leaves.len() as u64, elements }
}
