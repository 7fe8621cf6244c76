//! A record shown in part: enough to compute its commitment, and no more than was meant to be seen.
//!
//! What holds: what is shown leads to the same commitment as the whole record or to none; every value is
//! canonical JSON text; names ascend, so that one record shown in one way has one form.
//!
//! Not here: what to show ([`super::Disclosure`]), whether the commitment is in a ledger ([`crate::bundle`]).
//!
//! Source: docs/formats/bundle-v1.md, "Disclosed record".

use thiserror::Error;

use super::{LIST_FIELDS, Salt, commitment_of, element_leaf, list_digest, names_in, plain_digest};
use crate::{
    Hash,
    checkpoint::parse_decimal,
    hash,
    json::{self, Json, Limits, object},
    proof::{self, ProofError},
    tree,
};

/// A record of which some fields are hidden behind their digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosedRecord {
    /// All fields, in bytewise order of name (hidden ones too, in their places).
    pub fields: Vec<DisclosedField>,
}

/// A field as it is shown.
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
    /// A field of which nothing is shown.
    Hidden {
        /// Its digest.
        digest: Hash,
    },
    /// A list with some or all of its elements.
    List {
        /// Its name.
        name: String,
        /// How many elements it has in all.
        count: u64,
        /// Those that are shown, in ascending order; none only if the list is empty.
        elements: Vec<DisclosedElement>,
    },
}

/// An element of a list as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosedElement {
    /// Its place, from 0.
    pub index: u64,
    /// Its salt.
    pub salt: Salt,
    /// Its value, canonical JSON text.
    pub value: String,
    /// Inclusion path in the list's tree; empty if all elements are shown.
    pub path: Vec<Hash>,
}

/// Why a disclosed record leads to no commitment.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DisclosureError {
    /// A member is missing, of another kind, or not known.
    #[error("{place}: {wanted} would be right")]
    Shape {
        /// Where.
        place: String,
        /// What would be right.
        wanted: &'static str,
    },
    /// Names do not ascend.
    #[error("field `{0}` stands after a field that it should precede")]
    Order(String),
    /// A list is shown as a plain field or the reverse.
    #[error("field `{0}` is shown in the form of another kind of field")]
    Kind(String),
    /// A value is not canonical JSON text.
    #[error("value of field `{0}` is not canonical JSON text")]
    Value(String),
    /// The elements do not fit the list.
    #[error("elements of list `{0}` do not fit its count and order")]
    Elements(String),
    /// An element's path is wrong.
    #[error("element {index} of list `{name}`: {source}")]
    Path {
        /// The list.
        name: String,
        /// The element's place.
        index: u64,
        /// What is wrong.
        source: ProofError,
    },
}

impl DisclosedRecord {
    /// Computes the commitment `c` from what is shown.
    ///
    /// # Errors
    ///
    /// [`DisclosureError`] if the parts do not fit together.
    pub fn commitment(&self) -> Result<Hash, DisclosureError> {
        let mut last: Option<&str> = None;
        let mut digests = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            if let Some(name) = field.name() {
                if last.is_some_and(|last| last >= name) {
                    return Err(DisclosureError::Order(name.to_owned()));
                }
                last = Some(name);
                let is_list = matches!(field, DisclosedField::List { .. });
                if is_list != LIST_FIELDS.contains(&name) {
                    return Err(DisclosureError::Kind(name.to_owned()));
                }
            }
            digests.push(field.digest()?);
        }
        Ok(commitment_of(&digests))
    }

    /// Computes the ledger's leaf hash from what is shown: `H(0x00 ‖ c)`.
    ///
    /// # Errors
    ///
    /// As [`Self::commitment`].
    pub fn leaf_hash(&self) -> Result<Hash, DisclosureError> {
        Ok(hash::leaf(self.commitment()?.as_bytes()))
    }

    /// The part of the record that is shown, as an object; of lists the shown elements.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Value`] if a value is not canonical JSON text.
    pub fn shown(&self) -> Result<Json, DisclosureError> {
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

    /// The names among what is shown, as [`super::Record::names`].
    ///
    /// # Errors
    ///
    /// As [`Self::shown`].
    pub fn names(&self) -> Result<Vec<String>, DisclosureError> {
        Ok(names_in(&self.shown()?))
    }

    /// The JSON form: `{"fields":[…]}`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        object([("fields", Json::Array(self.fields.iter().map(DisclosedField::to_json).collect()))])
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Shape`] with the place of what is missing, of another kind, or not known.
    pub fn from_json(json: &Json) -> Result<Self, DisclosureError> {
        Self::from_json_at("", json)
    }

    /// Reads the JSON form that stands at `place` (JSON pointer) of a larger text.
    pub(crate) fn from_json_at(place: &str, json: &Json) -> Result<Self, DisclosureError> {
        let members = Members::new(place, json, &["fields"])?;
        let fields = members
            .array("fields")?
            .iter()
            .enumerate()
            .map(|(at, field)| DisclosedField::from_json(&format!("{place}/fields/{at}"), field))
            .collect::<Result<_, _>>()?;
        Ok(Self { fields })
    }
}

impl DisclosedField {
    /// Its name, unless it is hidden.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Plain { name, .. } | Self::List { name, .. } => Some(name),
            Self::Hidden { .. } => None,
        }
    }

    /// The digest that goes into the commitment.
    fn digest(&self) -> Result<Hash, DisclosureError> {
        match self {
            Self::Hidden { digest } => Ok(*digest),
            Self::Plain { name, salt, value } => Ok(plain_digest(name, salt, value)),
            Self::List { name, count, elements } => {
                Ok(list_digest(name, *count, &list_root(name, *count, elements)?))
            }
        }
    }

    fn to_json(&self) -> Json {
        match self {
            Self::Hidden { digest } => object([("digest", Json::from(digest.to_string()))]),
            Self::Plain { name, salt, value } => object([
                ("name", Json::from(name.as_str())),
                ("salt", Json::from(hex::encode(salt))),
                ("value", Json::from(value.as_str())),
            ]),
            Self::List { name, count, elements } => object([
                ("name", Json::from(name.as_str())),
                ("count", Json::from(*count)),
                ("elements", Json::Array(elements.iter().map(DisclosedElement::to_json).collect())),
            ]),
        }
    }

    fn from_json(place: &str, json: &Json) -> Result<Self, DisclosureError> {
        if json.get("digest").is_some() {
            let members = Members::new(place, json, &["digest"])?;
            return Ok(Self::Hidden { digest: members.hash("digest")? });
        }
        if json.get("elements").is_some() {
            let members = Members::new(place, json, &["name", "count", "elements"])?;
            let elements = members
                .array("elements")?
                .iter()
                .enumerate()
                .map(|(at, element)| {
                    DisclosedElement::from_json(&format!("{place}/elements/{at}"), element)
                })
                .collect::<Result<_, _>>()?;
            let (name, count) = (members.text("name")?, members.number("count")?);
            return Ok(Self::List { name, count, elements });
        }
        let members = Members::new(place, json, &["name", "salt", "value"])?;
        Ok(Self::Plain {
            name: members.text("name")?,
            salt: members.salt("salt")?,
            value: members.text("value")?,
        })
    }
}

impl DisclosedElement {
    fn to_json(&self) -> Json {
        let path = self.path.iter().map(|hash| Json::from(hash.to_string())).collect();
        object([
            ("index", Json::from(self.index)),
            ("salt", Json::from(hex::encode(self.salt))),
            ("value", Json::from(self.value.as_str())),
            ("path", Json::Array(path)),
        ])
    }

    fn from_json(place: &str, json: &Json) -> Result<Self, DisclosureError> {
        let members = Members::new(place, json, &["index", "salt", "value", "path"])?;
        Ok(Self {
            index: members.number("index")?,
            salt: members.salt("salt")?,
            value: members.text("value")?,
            path: members.hashes("path")?,
        })
    }
}

/// Root of a list's tree, from all elements or from the path of each that is shown.
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

/// An object whose members are all known, read one by one.
pub(crate) struct Members<'a> {
    place: &'a str,
    json: &'a Json,
}

impl<'a> Members<'a> {
    /// Refuses anything but an object with no other members than `known`.
    pub(crate) fn new(
        place: &'a str,
        json: &'a Json,
        known: &[&str],
    ) -> Result<Self, DisclosureError> {
        let found = Self { place, json };
        let Some(members) = json.as_object() else {
            return Err(found.wrong("", "an object"));
        };
        match members.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(found.wrong(name, "no member of this name")),
            None => Ok(found),
        }
    }

    pub(crate) fn wrong(&self, name: &str, wanted: &'static str) -> DisclosureError {
        let name: String = name.chars().take(80).collect();
        DisclosureError::Shape { place: format!("{}/{name}", self.place), wanted }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Json> {
        self.json.get(name)
    }

    pub(crate) fn array(&self, name: &str) -> Result<&'a [Json], DisclosureError> {
        self.get(name).and_then(Json::as_array).ok_or_else(|| self.wrong(name, "an array"))
    }

    pub(crate) fn str(&self, name: &str) -> Result<&'a str, DisclosureError> {
        self.get(name).and_then(Json::as_str).ok_or_else(|| self.wrong(name, "a string"))
    }

    pub(crate) fn text(&self, name: &str) -> Result<String, DisclosureError> {
        self.str(name).map(str::to_owned)
    }

    /// A whole number that every JSON reader keeps: RFC 8259 section 6.
    pub(crate) fn number(&self, name: &str) -> Result<u64, DisclosureError> {
        self.get(name)
            .and_then(Json::as_number)
            .and_then(parse_decimal)
            .filter(|number| *number < 1 << 53)
            .ok_or_else(|| self.wrong(name, "a whole number below 2^53"))
    }

    /// Bytes in lowercase hex.
    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>, DisclosureError> {
        self.str(name).ok().and_then(strict_hex).ok_or_else(|| self.wrong(name, "lowercase hex"))
    }

    pub(crate) fn salt(&self, name: &str) -> Result<Salt, DisclosureError> {
        let wrong = |_| self.wrong(name, "32 lowercase hex digits");
        self.bytes(name)?.try_into().map_err(wrong)
    }

    pub(crate) fn hash(&self, name: &str) -> Result<Hash, DisclosureError> {
        let wrong = |_| self.wrong(name, "64 lowercase hex digits");
        self.str(name)?.parse().map_err(wrong)
    }

    pub(crate) fn hashes(&self, name: &str) -> Result<Vec<Hash>, DisclosureError> {
        let wrong = || self.wrong(name, "an array of 64 lowercase hex digits each");
        self.array(name)?
            .iter()
            .map(|hash| hash.as_str().and_then(|hash| hash.parse().ok()).ok_or_else(wrong))
            .collect()
    }
}

/// Bytes of lowercase hex.
pub(crate) fn strict_hex(text: &str) -> Option<Vec<u8>> {
    let lowercase = text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    lowercase.then(|| hex::decode(text).ok())?
}
