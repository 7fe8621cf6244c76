//! Members that mean the same: two prefixes of one namespace before one name. In XML they would be one element twice, which is a
//! list.
//!
//! What holds: of such members the first one is written, and the others are named.
//!
//! Source: JSON-LD 1.1 section 4.1 (one meaning however it is spelled); Namespaces in XML 1.0 section 6.

use std::borrow::Cow;
use std::collections::HashSet;

use ledger::json::{Json, object};

use crate::context::Context;
use crate::violation::below;

/// `json` without members that mean the same as an earlier one beside them; their places are added to `missing`.
pub(super) fn without_doubles<'a>(
    json: &'a Json,
    context: &Context,
    pointer: &str,
    missing: &mut Vec<String>,
) -> Cow<'a, Json> {
    if has_doubles(json, context) {
        Cow::Owned(once(json, context, pointer, missing))
    } else {
        Cow::Borrowed(json)
    }
}

fn has_doubles(json: &Json, context: &Context) -> bool {
    match json {
        Json::Array(items) => items.iter().any(|item| has_doubles(item, context)),
        Json::Object(members) => {
            let mut seen = HashSet::new();
            members.iter().any(|(name, value)| {
                let is_double = context.split(name).is_some_and(|meaning| !seen.insert(meaning));
                is_double || has_doubles(value, context)
            })
        }
        _ => false,
    }
}

fn once(json: &Json, context: &Context, pointer: &str, missing: &mut Vec<String>) -> Json {
    match json {
        Json::Array(items) => {
            let items = items.iter().enumerate();
            let items = items
                .map(|(place, item)| once(item, context, &format!("{pointer}/{place}"), missing));
            Json::Array(items.collect())
        }
        Json::Object(members) => {
            let mut seen = HashSet::new();
            let mut all = Vec::with_capacity(members.len());
            for (name, value) in members {
                let place = below(pointer, name);
                if context.split(name).is_some_and(|meaning| !seen.insert(meaning)) {
                    missing.push(format!("{place}: means the same as a member before it"));
                } else {
                    all.push((name.clone(), once(value, context, &place, missing)));
                }
            }
            object(all)
        }
        other => other.clone(),
    }
}
