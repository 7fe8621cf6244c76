//! Records: an event as a ledger keeps it, committed to field by field.
//!
//! The way through: [`Record::from_json`] takes a JSON object, [`Record::text`] is what is stored,
//! [`Record::leaf_hash`] is what goes into the tree, [`Record::disclose`] shows a part of it to someone who can
//! compute the same leaf hash from that part alone ([`DisclosedRecord::commitment`]).
//!
//! ```text
//! salt(path) = HMAC-SHA256(secret, path)[0..16]        path = name, or name ‖ "/" ‖ decimal index
//! plain      d   = H(0x10 ‖ salt ‖ u64 len(name) ‖ name ‖ value)
//! list       e_i = H(0x11 ‖ salt_i ‖ value_i)
//!            d   = H(0x12 ‖ u64 len(name) ‖ name ‖ u64 count ‖ MTH(e_0 … e_n-1))
//! record     c   = H(0x13 ‖ u64 k ‖ d_1 ‖ … ‖ d_k)     in bytewise order of name
//! leaf           = H(0x00 ‖ c)
//! ```
//!
//! What holds: the text is canonical, so that the same record always has the same bytes; a value is text, so that
//! whoever verifies hashes bytes and needs no JSON writer; without the secret nothing hidden can be guessed.
//!
//! Not here: what members an event must have (`epcis`), who composes a record (`ingest`), the tree
//! ([`crate::tree`]).
//!
//! Source: docs/formats/record-v1.md.

mod disclosed;

pub use disclosed::{DisclosedElement, DisclosedField, DisclosedRecord, DisclosureError};
pub(crate) use disclosed::{Members, strict_hex};

use std::collections::HashSet;

use thiserror::Error;

use crate::{
    Hash,
    hash::{self, HmacKey},
    json::{self, Json, JsonError, Limits},
    tree,
};

/// Members whose elements are committed to one by one, so that one can be shown without the others.
pub const LIST_FIELDS: &[&str] = &[
    "epcList",
    "childEPCs",
    "inputEPCList",
    "outputEPCList",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputQuantityList",
    "sensorElementList",
];

/// Members that name things: member, and the element's member that holds the name where it is an object.
const NAMING: &[(&str, Option<&str>)] = &[
    ("epcList", None),
    ("parentID", None),
    ("childEPCs", None),
    ("inputEPCList", None),
    ("outputEPCList", None),
    ("quantityList", Some("epcClass")),
    ("childQuantityList", Some("epcClass")),
    ("inputQuantityList", Some("epcClass")),
    ("outputQuantityList", Some("epcClass")),
];

/// What the salts of a record are made from: 16 random bytes, kept beside the record, deleted to forget it.
pub type Secret = [u8; 16];

/// What makes a field's digest unguessable, 16 bytes.
pub type Salt = [u8; 16];

/// Why a JSON value is no record.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordError {
    /// The text is no JSON.
    #[error("record: {0}")]
    Json(#[from] JsonError),
    /// Not an object.
    #[error("record is not an object with members")]
    NotAnObject,
    /// The text is JSON, but not in its canonical form.
    #[error("record text is not canonical from byte {0} on")]
    NotCanonical(usize),
    /// More bytes than a record may have.
    #[error("record of {bytes} bytes; at most {limit} would be right")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A list field holds something else.
    #[error("member {0} is not an array")]
    NotAList(String),
    /// A member's name could be taken for an element of a list.
    #[error("member name `{0}` reads like an element of a list; another name would be right")]
    Name(String),
}

/// A record: a canonical JSON object.
#[derive(Debug, Clone)]
pub struct Record {
    text: String,
    json: Json,
}

/// Two records are the same if their texts are.
impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Record {}

/// What of a record is shown.
#[derive(Debug, Clone, Copy)]
pub enum Disclosure<'a> {
    /// Everything.
    All,
    /// All plain fields; of list fields only those elements that are, or whose `epcClass` is, one of these URIs;
    /// a list without such an element is hidden behind its digest.
    Items(&'a [String]),
}

impl Record {
    /// Makes a record of an object.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if it is no object, has no members, a list field is no array, or it is too large.
    pub fn from_json(json: Json) -> Result<Self, RecordError> {
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
        let (text, limit) = (json.canonical(), Limits::default().max_bytes);
        if text.len() > limit {
            return Err(RecordError::TooLarge { bytes: text.len(), limit });
        }
        Ok(Self { text, json })
    }

    /// Reads a stored record.
    ///
    /// # Errors
    ///
    /// [`RecordError`]; a text that is not canonical is refused.
    pub fn parse(canonical_text: &str) -> Result<Self, RecordError> {
        let json = json::parse(canonical_text.as_bytes(), &Limits::default())?;
        let record = Self::from_json(json)?;
        if record.text != canonical_text {
            let same = record.text.bytes().zip(canonical_text.bytes());
            return Err(RecordError::NotCanonical(same.take_while(|(a, b)| a == b).count()));
        }
        Ok(record)
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

    /// The members, in the order they were given.
    #[must_use]
    pub fn fields(&self) -> &[(String, Json)] {
        self.json.as_object().unwrap_or_default()
    }

    /// Members in bytewise order of name, which is the order of the commitment.
    fn sorted(&self) -> Vec<(&str, &Json)> {
        let mut members: Vec<_> =
            self.fields().iter().map(|(name, value)| (name.as_str(), value)).collect();
        members.sort_unstable_by_key(|(name, _)| *name);
        members
    }

    /// The commitment `c`.
    ///
    /// - Cost: one HMAC and one or two hashes for each field and list element.
    #[must_use]
    pub fn commitment(&self, secret: &Secret) -> Hash {
        let salts = Salts::new(secret);
        let digests = self
            .sorted()
            .into_iter()
            .map(|(name, value)| match value {
                Json::Array(elements) if LIST_FIELDS.contains(&name) => {
                    let leaves = salts.element_leaves(name, elements);
                    list_digest(name, elements.len() as u64, &tree::root(&leaves))
                }
                _ => plain_digest(name, &salts.field(name), &value.canonical()),
            })
            .collect::<Vec<_>>();
        commitment_of(&digests)
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

    /// Shows a part of the record.
    #[must_use]
    pub fn disclose(&self, secret: &Secret, what: &Disclosure<'_>) -> DisclosedRecord {
        let salts = Salts::new(secret);
        let fields = self
            .sorted()
            .into_iter()
            .map(|(name, value)| match value {
                Json::Array(elements) if LIST_FIELDS.contains(&name) => {
                    salts.disclose_list(name, elements, what)
                }
                _ => DisclosedField::Plain {
                    name: name.to_owned(),
                    salt: salts.field(name),
                    value: value.canonical(),
                },
            })
            .collect();
        DisclosedRecord { fields }
    }
}

/// The salts of one record.
struct Salts(HmacKey);

impl Salts {
    fn new(secret: &Secret) -> Self {
        Self(HmacKey::new(secret))
    }

    fn field(&self, path: &str) -> Salt {
        let mut salt = [0; 16];
        salt.copy_from_slice(&self.0.sign(path.as_bytes())[..16]);
        salt
    }

    fn element(&self, name: &str, index: usize) -> Salt {
        self.field(&format!("{name}/{index}"))
    }

    /// Leaf hashes of a list's tree.
    fn element_leaves(&self, name: &str, elements: &[Json]) -> Vec<Hash> {
        elements
            .iter()
            .enumerate()
            .map(|(index, value)| element_leaf(&self.element(name, index), &value.canonical()))
            .collect()
    }

    fn disclose_list(
        &self,
        name: &str,
        elements: &[Json],
        what: &Disclosure<'_>,
    ) -> DisclosedField {
        let shown: Vec<usize> = match what {
            Disclosure::All => (0..elements.len()).collect(),
            Disclosure::Items(items) => {
                let is_wanted = |value: &Json| {
                    let uri = value.as_str().or_else(|| value.get("epcClass")?.as_str());
                    uri.is_some_and(|uri| items.iter().any(|item| item == uri))
                };
                (0..elements.len()).filter(|index| is_wanted(&elements[*index])).collect()
            }
        };
        let leaves = self.element_leaves(name, elements);
        if shown.is_empty() && !elements.is_empty() {
            let digest = list_digest(name, elements.len() as u64, &tree::root(&leaves));
            return DisclosedField::Hidden { digest };
        }
        let all = shown.len() == elements.len();
        let elements = shown
            .into_iter()
            .map(|index| DisclosedElement {
                index: index as u64,
                salt: self.element(name, index),
                value: elements[index].canonical(),
                // Whoever has them all computes the root from them.
                path: if all { Vec::new() } else { tree::inclusion_path(index as u64, &leaves) },
            })
            .collect();
        DisclosedField::List { name: name.to_owned(), count: leaves.len() as u64, elements }
    }
}

fn length(text: &str) -> [u8; 8] {
    (text.len() as u64).to_be_bytes()
}

/// `H(0x10 ‖ salt ‖ u64 len(name) ‖ name ‖ value)`.
fn plain_digest(name: &str, salt: &Salt, value: &str) -> Hash {
    hash::sha256_parts(&[
        &[hash::PLAIN_FIELD],
        salt,
        &length(name),
        name.as_bytes(),
        value.as_bytes(),
    ])
}

/// Leaf hash over `e_i = H(0x11 ‖ salt_i ‖ value_i)`.
fn element_leaf(salt: &Salt, value: &str) -> Hash {
    let digest = hash::sha256_parts(&[&[hash::LIST_ELEMENT], salt, value.as_bytes()]);
    hash::leaf(digest.as_bytes())
}

/// `H(0x12 ‖ u64 len(name) ‖ name ‖ u64 count ‖ root)`.
fn list_digest(name: &str, count: u64, root: &Hash) -> Hash {
    hash::sha256_parts(&[
        &[hash::LIST_FIELD],
        &length(name),
        name.as_bytes(),
        &count.to_be_bytes(),
        &root.0,
    ])
}

/// `H(0x13 ‖ u64 k ‖ d_1 ‖ … ‖ d_k)`.
fn commitment_of(digests: &[Hash]) -> Hash {
    let count = (digests.len() as u64).to_be_bytes();
    let mut parts: Vec<&[u8]> = vec![&[hash::COMMITMENT], &count];
    parts.extend(digests.iter().map(AsRef::as_ref));
    hash::sha256_parts(&parts)
}

/// The names in a record's object, or in the part of it that is shown.
pub(crate) fn names_in(json: &Json) -> Vec<String> {
    let (mut seen, mut names) = (HashSet::new(), Vec::new());
    let mut take = |name: Option<&str>| {
        if let Some(name) = name
            && seen.insert(name.to_owned())
        {
            names.push(name.to_owned());
        }
    };
    for (member, inner) in NAMING {
        match (json.get(member), inner) {
            (Some(Json::Array(elements)), inner) => {
                for element in elements {
                    let element = inner.map_or(Some(element), |inner| element.get(inner));
                    take(element.and_then(Json::as_str));
                }
            }
            (Some(value), None) => take(value.as_str()),
            _ => {}
        }
    }
    names
}
