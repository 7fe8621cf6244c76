//! Extensions: the members of an object that the standard does not define.
//!
//! What holds: every member is written, with or without prefix, at any depth, except comments; whatever is not empty
//! leaves a mark, and a member that is present without a value (a flag) leaves its name.
//!
//! Sources: CBV 2.0 section 8.9, rules for ILMD and extensions, as its reference implementation has them for members
//! without prefix and for `#text`; docs/decisions/0036 for what it does not define.

use ledger::json::Json;

use super::dialect::Dialect;
use super::values::Values;

/// The member that holds the text of an XML element that has attributes as well.
const TEXT: &str = "#text";

/// The members of `json` that are not known: `{namespace}name=value`, sorted.
pub(super) fn beyond(values: &Values<'_>, json: &Json, is_known: impl Fn(&str) -> bool) -> String {
    let members = json.as_object().unwrap_or_default();
    let mut texts: Vec<String> = members
        .iter()
        .filter(|(name, _)| !is_known(name) && !is_comment(name))
        .flat_map(|(name, value)| member(values, name, value))
        .collect();
    texts.sort();
    texts.concat()
}

/// As [`beyond`], for an object that is a standard field: what stands right after its own fields, and what comes after
/// all standard fields.
///
/// In 2025 members with prefix stand in place and members without prefix come later; in 2026 all come later; in the draft
/// all stand in place.
pub(super) fn placed(values: &Values<'_>, json: &Json, known: &[&str]) -> (String, String) {
    let is_known = |name: &str| known.contains(&name);
    match values.dialect {
        Dialect::Cbv20_2025 => {
            let part = |has_prefix: bool| {
                beyond(values, json, |name| is_known(name) || name.contains(':') != has_prefix)
            };
            (part(true), part(false))
        }
        Dialect::Cbv20_2026 => (String::new(), beyond(values, json, is_known)),
        Dialect::Cbv21Draft => (beyond(values, json, is_known), String::new()),
    }
}

/// One text for the member, or one for each item of a list.
fn member(values: &Values<'_>, name: &str, value: &Json) -> Vec<String> {
    let key = values.key(name);
    let items = value.as_array().unwrap_or(std::slice::from_ref(value));
    items.iter().filter_map(|item| one(values, &key, item)).collect()
}

fn one(values: &Values<'_>, key: &str, item: &Json) -> Option<String> {
    let (text, inner) = match item {
        Json::Null => return None,
        Json::Object(_) => {
            let text = match item.get(TEXT) {
                // Members in it have prefixes, which must not count.
                Some(inner @ (Json::Object(_) | Json::Array(_))) => in_list(values, inner),
                Some(text) => values.value(TEXT, text),
                None => String::new(),
            };
            (text, beyond(values, item, |name| name == TEXT))
        }
        Json::Array(_) => (in_list(values, item), String::new()),
        _ => (values.value("extension", item), String::new()),
    };
    let equals = if text.is_empty() { "" } else { "=" };
    Some(format!("{key}{equals}{text}{inner}"))
}

/// A list inside a list: `[a,b]` with texts in quotes, so that it cannot be mistaken for another list.
fn in_list(values: &Values<'_>, item: &Json) -> String {
    match item {
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| in_list(values, item)).collect();
            format!("[{}]", items.join(","))
        }
        Json::Object(_) => format!("{{{}}}", beyond(values, item, |_| false)),
        Json::String(_) => Json::String(values.value("extension", item)).canonical(),
        Json::Null => "null".to_owned(),
        Json::Number(_) | Json::Bool(_) => values.value("extension", item),
    }
}

/// Comments, which no dialect hashes.
fn is_comment(name: &str) -> bool {
    matches!(name, "rdfs:comment" | "comment")
}
