//! What a record names: its EPCs and EPC classes.
//!
//! Source: docs/formats/record-v1.md, "Members".

use std::collections::HashSet;

use crate::json::Json;

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

/// The names in a record's object, or in the disclosed part of it.
pub(crate) fn names_in(json: &Json) -> Vec<String> {
    let (mut known, mut names) = (HashSet::new(), Vec::new());
    let mut add = |name: Option<&str>| {
        if let Some(name) = name
            && known.insert(name.to_owned())
        {
            names.push(name.to_owned());
        }
    };
    for (member, inner) in NAMING {
        let value = json.get(member);
        if *member == "parentID" {
            add(value.and_then(Json::as_str));
            continue;
        }
        for element in value.and_then(Json::as_array).unwrap_or_default() {
            let name = inner.map_or(Some(element), |inner| element.get(inner));
            add(name.and_then(Json::as_str));
        }
    }
    names
}
