//! A record disclosed in part: enough to compute its commitment, and no more.
//!
//! What holds: the disclosed part gives the same commitment as the whole record or none; every value is
//! canonical JSON text; the names of all fields are visible, hidden fields included, and ascend strictly, so that one
//! record disclosed in one way has one form and no field can be shown beside a hidden one of the same name.
//!
//! Not here: what to disclose ([`crate::record::Disclosure`]), whether the commitment is in a ledger ([`crate::bundle`]).
//!
//! Source: docs/formats/bundle-v2.md, "Disclosed record".

use thiserror::Error;

use super::{
    commitment::{
        LIST_FIELDS, MANDATORY_FIELDS, Salt, commitment_of, element_leaf, list_digest, plain_digest,
    },
    naming::names_in,
};
use crate::{
    hash::{self, Hash},
    json::{self, Json, Limits},
    members::{ShapeError, bytes_of, hash_of, hashes_of, json_of, json_of_hashes, number_of},
    proof::{self, ProofError},
    tree,
};

/// A record of which some fields are hidden behind their digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosedRecord {
    /// All fields, in bytewise order of name (hidden ones too, in their places).
    pub fields: Vec<DisclosedField>,
}

/// A disclosed or hidden field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DisclosedField {
    /// A field with its value.
    Plain {
        /// Its name.
        name: String,
        /// Its salt.
        salt: Salt,
        /// Its value, canonical JSON text.
        value: String,
    },
    /// A field of which only the name is disclosed.
    Hidden {
        /// Its name.
        name: String,
        /// Its digest.
        digest: Hash,
    },
    /// A list with some or all of its elements.
    List {
        /// Its name.
        name: String,
        /// How many elements it has in all.
        count: u64,
        /// The disclosed ones, in ascending order; none only if the list is empty.
        elements: Vec<DisclosedElement>,
    },
}

/// A disclosed element of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosedElement {
    /// Its place, from 0.
    pub index: u64,
    /// Its salt.
    pub salt: Salt,
    /// Its value, canonical JSON text.
    pub value: String,
    /// Inclusion path in the list's tree; empty if all elements are disclosed.
    pub path: Vec<Hash>,
}

/// Why a disclosed record gives no commitment.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DisclosureError {
    /// A member is missing, of another kind, or not known.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// There is no field at all.
    #[error("got a record without fields, expected at least one")]
    Empty,
    /// Names do not ascend, or one is repeated.
    #[error("field `{0}` is not above the field before in bytewise order")]
    Order(String),
    /// A list has the form of a plain field or the reverse.
    #[error("field `{0}` has the form of another kind of field")]
    Kind(String),
    /// A value is not canonical JSON text.
    #[error("value of field `{0}` is not canonical JSON text")]
    Value(String),
    /// The elements are not in order or not below the count.
    #[error("elements of list `{0}` do not match its count and order")]
    Elements(String),
    /// An element's path does not lead to the root of the list.
    #[error("element {index} of list `{name}`: {source}")]
    Path {
        /// The list.
        name: String,
        /// The element's place.
        index: u64,
        /// Why.
        source: ProofError,
    },
}

impl DisclosedRecord {
    /// Computes the commitment `c`.
    ///
    /// # Errors
    ///
    /// [`DisclosureError`] if the parts contradict one another.
    pub fn commitment(&self) -> Result<Hash, DisclosureError> {
        if self.fields.is_empty() {
            return Err(DisclosureError::Empty);
        }
        let mut last: Option<&str> = None;
        let mut digests = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            let name = field.name();
            if last.is_some_and(|last| last >= name) {
                return Err(DisclosureError::Order(name.to_owned()));
            }
            last = Some(name);
            digests.push((name, field.digest()?));
        }
        Ok(commitment_of(&digests))
    }

    /// The first hidden field that nobody may hide ([`MANDATORY_FIELDS`]).
    #[must_use]
    pub fn hidden_mandatory(&self) -> Option<&str> {
        self.hidden_names().find(|name| MANDATORY_FIELDS.contains(name))
    }

    /// The names of the hidden fields.
    pub fn hidden_names(&self) -> impl Iterator<Item = &str> {
        let hidden = |field: &&DisclosedField| matches!(field, DisclosedField::Hidden { .. });
        self.fields.iter().filter(hidden).map(DisclosedField::name)
    }

    /// How many elements of the lists that are shown in part are left out.
    #[must_use]
    pub fn elements_left_out(&self) -> u64 {
        let left_out = |field: &DisclosedField| match field {
            DisclosedField::List { count, elements, .. } => {
                count.saturating_sub(elements.len() as u64)
            }
            DisclosedField::Plain { .. } | DisclosedField::Hidden { .. } => 0,
        };
        self.fields.iter().map(left_out).fold(0, u64::saturating_add)
    }

    /// Computes the ledger's leaf hash: `H(0x00 ‖ c)`.
    ///
    /// # Errors
    ///
    /// As [`Self::commitment`].
    pub fn leaf_hash(&self) -> Result<Hash, DisclosureError> {
        Ok(hash::leaf(self.commitment()?.as_bytes()))
    }

    /// The disclosed part as an object; of lists the disclosed elements.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Value`] if a value is not canonical JSON text.
    pub fn to_object(&self) -> Result<Json, DisclosureError> {
        let mut members = Vec::new();
        for field in &self.fields {
            match field {
                DisclosedField::Plain { name, value, .. } => {
                    members.push((name.clone(), parse_value(name, value)?));
                }
                DisclosedField::List { name, elements, .. } => {
                    let values = elements.iter().map(|element| parse_value(name, &element.value));
                    members.push((name.clone(), Json::Array(values.collect::<Result<_, _>>()?)));
                }
                DisclosedField::Hidden { .. } => {}
            }
        }
        Ok(Json::Object(members))
    }

    /// The names in the disclosed part, as [`crate::record::Record::names`].
    ///
    /// # Errors
    ///
    /// As [`Self::to_object`].
    pub fn names(&self) -> Result<Vec<String>, DisclosureError> {
        Ok(names_in(&self.to_object()?))
    }

    /// The JSON form: an array of fields.
    #[must_use]
    pub fn to_json(&self) -> Json {
        Json::Array(self.fields.iter().map(DisclosedField::to_json).collect())
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] with the place of what is missing, of another kind, or not known.
    pub fn from_json(json: &Json) -> Result<Self, ShapeError> {
        Self::from_json_at("", json)
    }

    /// Reads the JSON form at `place` (JSON pointer) of a larger text.
    pub(crate) fn from_json_at(place: &str, json: &Json) -> Result<Self, ShapeError> {
        let fields = json.as_array().ok_or_else(|| wrong(place, "an array of fields"))?;
        let fields = fields
            .iter()
            .enumerate()
            .map(|(at, field)| DisclosedField::from_json(&format!("{place}/{at}"), field))
            .collect::<Result<_, _>>()?;
        Ok(Self { fields })
    }
}

impl DisclosedField {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Plain { name, .. } | Self::List { name, .. } | Self::Hidden { name, .. } => name,
        }
    }

    /// The digest that goes into the commitment.
    fn digest(&self) -> Result<Hash, DisclosureError> {
        let is_list_name = LIST_FIELDS.contains(&self.name());
        match self {
            Self::Plain { name, .. } if is_list_name => Err(DisclosureError::Kind(name.clone())),
            Self::List { name, .. } if !is_list_name => Err(DisclosureError::Kind(name.clone())),
            Self::Hidden { digest, .. } => Ok(*digest),
            Self::Plain { name, salt, value } => Ok(plain_digest(name, salt, value)),
            Self::List { name, count, elements } => {
                Ok(list_digest(name, *count, &list_root(name, *count, elements)?))
            }
        }
    }

    fn to_json(&self) -> Json {
        Json::Array(match self {
            Self::Hidden { name, digest } => vec![Json::from(name.as_str()), json_of(&digest.0)],
            Self::Plain { name, salt, value } => {
                vec![Json::from(name.as_str()), json_of(salt), Json::from(value.as_str())]
            }
            Self::List { name, count, elements } => vec![
                Json::from(name.as_str()),
                Json::from(*count),
                Json::Array(elements.iter().map(DisclosedElement::to_json).collect()),
            ],
        })
    }

    fn from_json(place: &str, json: &Json) -> Result<Self, ShapeError> {
        let wanted =
            || wrong(place, "[name, digest], [name, salt, value] or [name, count, elements]");
        let parts = json.as_array().unwrap_or_default();
        let name = parts.first().and_then(Json::as_str).ok_or_else(wanted)?.to_owned();
        match &parts[1..] {
            [digest] => Ok(Self::Hidden { name, digest: hash_of(digest).ok_or_else(wanted)? }),
            [salt, Json::String(value)] => Ok(Self::Plain {
                name,
                salt: salt_of(salt).ok_or_else(wanted)?,
                value: value.clone(),
            }),
            [count, Json::Array(elements)] => {
                let elements = elements.iter().enumerate().map(|(at, element)| {
                    let place = format!("{place}/2/{at}");
                    let wanted = || wrong(&place, "[index, salt, value, path]");
                    DisclosedElement::of_json(element).ok_or_else(wanted)
                });
                let count = number_of(count).ok_or_else(wanted)?;
                Ok(Self::List { name, count, elements: elements.collect::<Result<_, _>>()? })
            }
            _ => Err(wanted()),
        }
    }
}

impl DisclosedElement {
    fn to_json(&self) -> Json {
        Json::Array(vec![
            Json::from(self.index),
            json_of(&self.salt),
            Json::from(self.value.as_str()),
            json_of_hashes(&self.path),
        ])
    }

    fn of_json(json: &Json) -> Option<Self> {
        let [index, salt, value, path] = json.as_array()? else { return None };
        Some(Self {
            index: number_of(index)?,
            salt: salt_of(salt)?,
            value: value.as_str()?.to_owned(),
            path: hashes_of(path)?,
        })
    }
}

fn salt_of(json: &Json) -> Option<Salt> {
    bytes_of(json)?.try_into().ok()
}

fn wrong(place: &str, wanted: &'static str) -> ShapeError {
    ShapeError { place: place.to_owned(), wanted }
}

/// Root of a list's tree, from all elements or from the path of each disclosed one.
fn list_root(
    name: &str,
    count: u64,
    elements: &[DisclosedElement],
) -> Result<Hash, DisclosureError> {
    let unfit = || DisclosureError::Elements(name.to_owned());
    let ascending = elements.is_sorted_by(|a, b| a.index < b.index);
    if !ascending || elements.last().is_some_and(|last| last.index >= count) {
        return Err(unfit());
    }
    let leaves = elements.iter().map(|element| element_leaf(&element.salt, &element.value));
    if elements.len() as u64 == count {
        if elements.iter().any(|element| !element.path.is_empty()) {
            return Err(unfit());
        }
        return Ok(tree::root(&leaves.collect::<Vec<_>>()));
    }
    let mut root = None;
    for (leaf, element) in leaves.zip(elements) {
        let index = element.index;
        let failed = |source| DisclosureError::Path { name: name.to_owned(), index, source };
        let found = proof::root_of_path(index, &leaf, count, &element.path).map_err(failed)?;
        if *root.get_or_insert(found) != found {
            return Err(failed(ProofError::OtherRoot));
        }
    }
    root.ok_or_else(unfit)
}

fn parse_value(name: &str, value: &str) -> Result<Json, DisclosureError> {
    json::parse(value.as_bytes(), &Limits::default())
        .ok()
        .filter(|json| json.canonical() == value)
        .ok_or_else(|| DisclosureError::Value(name.to_owned()))
}
