//! What two JSON forms of one event have in common: names and values without prefixes, words bare, numbers plain, empty lists
//! away.

use epcis::vocabulary::Vocabulary;
use epcis::{Context, Event};
use ledger::json::{Json, object};

/// The event in a form that all its spellings share.
pub fn canonical(event: &Event) -> String {
    let mut json = event.json().clone();
    json.remove("@context");
    value(event.context(), "event", &json).canonical()
}

fn vocabulary(of: &str, name: &str) -> Option<Vocabulary> {
    Some(match (of, name) {
        (_, "bizStep") => Vocabulary::BizStep,
        (_, "disposition") | ("persistentDisposition", "set" | "unset") => Vocabulary::Disposition,
        ("bizTransactionList", "type") => Vocabulary::BizTransactionType,
        ("sourceList" | "destinationList", "type") => Vocabulary::SourceDestType,
        (_, "reason") => Vocabulary::ErrorReason,
        ("sensorReport", "type") => Vocabulary::Measurement,
        ("sensorReport", "exception") => Vocabulary::Exception,
        ("sensorReport", "component") => Vocabulary::Component,
        _ => return None,
    })
}

fn value(context: &Context, of: &str, json: &Json) -> Json {
    match json {
        Json::Object(members) => object(members.iter().filter_map(|(name, inner)| {
            let is_list = name.ends_with("List")
                || matches!(name.as_str(), "childEPCs" | "correctiveEventIDs");
            if is_list && inner.as_array().is_some_and(<[_]>::is_empty) {
                return None;
            }
            let full = context.split(name).map(|(space, local)| format!("{{{space}}}{local}"));
            let inner = match (name.as_str(), inner.as_array()) {
                ("certificationInfo", Some([one])) => one,
                _ => inner,
            };
            Some((full.unwrap_or_else(|| name.clone()), member(context, of, name, inner)))
        })),
        Json::Array(items) => {
            Json::Array(items.iter().map(|item| value(context, of, item)).collect())
        }
        Json::String(text) => Json::String(expanded(context, text)),
        other => other.clone(),
    }
}

fn member(context: &Context, of: &str, name: &str, inner: &Json) -> Json {
    match (vocabulary(of, name), inner) {
        (Some(words), Json::Array(items)) => {
            let word = |item: &Json| {
                Json::String(words.word(&expanded(context, item.as_str().unwrap_or_default())))
            };
            Json::Array(items.iter().map(word).collect())
        }
        (Some(words), Json::String(text)) => Json::String(words.word(&expanded(context, text))),
        (None, Json::Number(digits)) if !digits.contains(['e', 'E']) => {
            Json::Number(digits.clone())
        }
        (None, Json::Number(digits)) => {
            Json::Number(digits.parse::<f64>().unwrap_or_default().to_string())
        }
        _ => value(context, name, inner),
    }
}

fn expanded(context: &Context, text: &str) -> String {
    match context.split(text) {
        Some((space, local)) => format!("{space}{local}"),
        None => text.to_owned(),
    }
}
