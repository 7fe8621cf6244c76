//! What a record names: its EPCs and EPC classes.
//!
//! Source: docs/formats/record-v1.md, "Members".

use std::collections::HashSet;

use crate::json::Json;

/// Members that name things, in the order of a record's names: member, and the element's member that holds the name where
/// it is an object.
pub const NAMING: &[(&str, Option<&str>)] = &[
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

/// The elements of a member of [`NAMING`] of a record's object; `parentID` is its own.
#[must_use]
pub fn naming_elements<'a>(json: &'a Json, member: &str) -> &'a [Json] {
    let Some(value) = json.get(member) else { return &[] };
    if member == "parentID" {
        return std::slice::from_ref(value);
    }
    value.as_array().unwrap_or_default()
}

/// The name that such an element has; none if it has none.
#[must_use]
pub fn name_in<'a>(element: &'a Json, inner: Option<&str>) -> Option<&'a str> {
    inner.map_or(Some(element), |inner| element.get(inner))?.as_str()
}

/// The names in a record's object, or in the disclosed part of it.
pub(crate) fn names_in(json: &Json) -> Vec<String> {
    let (mut known, mut names) = (HashSet::new(), Vec::new());
    for (member, inner) in NAMING {
        for name in naming_elements(json, member).iter().filter_map(|one| name_in(one, *inner)) {
            if known.insert(name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}
