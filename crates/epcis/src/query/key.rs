//! One text for all spellings: of a thing or place, of a word of a vocabulary, of an extension field, of an event id.
//!
//! What holds: an event and a query are compared by these texts only, so a URN, a link and a name with a prefix that mean
//! the same select the same. The prefixes of each are read by its own context.
//!
//! Source: docs/decisions/0032-one-key-for-all-spellings.md; CBV 2.0 section 7.

use jiff::Timestamp;

use crate::context::Context;
use crate::date_time;
use crate::event::Event;
use crate::hash::{Dialect, event_hash};
use crate::vocabulary::{CBV, GS1, Vocabulary};

/// Addresses that the vocabularies had before the standard was ratified.
const OLDER: [(&str, &str); 6] = [
    ("https://ns.gs1.org/cbv/", CBV),
    ("http://ns.gs1.org/cbv/", CBV),
    ("https://gs1.org/voc/", GS1),
    ("http://gs1.org/voc/", GS1),
    ("https://www.gs1.org/voc/", GS1),
    ("http://www.gs1.org/voc/", GS1),
];

/// A name with a declared prefix as a whole URI; `None` for any other text.
pub(super) fn expanded(text: &str, context: &Context) -> Option<String> {
    let (namespace, local) = context.split(text)?;
    let is_address = local.starts_with("//") || text.starts_with("urn:");
    (!is_address).then(|| format!("{namespace}{local}"))
}

/// The whole form of a name that may have a prefix of `context`; any other text as it is.
#[must_use]
pub fn whole_name(text: &str, context: &Context) -> String {
    expanded(text, context).unwrap_or_else(|| text.to_owned())
}

/// The key of a thing, a place, a party, a device or a resource.
pub(super) fn uri(text: &str, context: &Context) -> String {
    let key = epc::thing_key(text);
    if key == text { expanded(text, context).unwrap_or(key) } else { key }
}

/// The web URI of a word in any spelling.
pub(super) fn word(vocabulary: Vocabulary, text: &str, context: &Context) -> String {
    let full = expanded(text, context).unwrap_or_else(|| vocabulary.expand(text));
    let older = OLDER.iter().find_map(|(older, now)| Some((now, full.strip_prefix(older)?)));
    older.map_or_else(|| full.clone(), |(now, local)| format!("{now}{local}"))
}

/// An event id; the digits of a UUID have no case.
pub(super) fn event_id(text: &str) -> String {
    let is_uuid = text.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("urn:uuid:"));
    if is_uuid { text.to_ascii_lowercase() } else { text.to_owned() }
}

/// The id of an event in the query interface: its own `eventID`, or its event hash (CBV 2.0, dialect of 2026) if it has none.
#[must_use]
pub fn event_id_of(event: &Event) -> String {
    let own = event.event_id().map(str::to_owned);
    own.or_else(|| event_hash(event, Dialect::default()).ok()).unwrap_or_default()
}

/// Whether `name`, a member of `event`, is the extension field with the whole name `wanted`.
pub(super) fn is_field(event: &Event, name: &str, wanted: &str) -> bool {
    match event.context().split(name) {
        Some((namespace, local)) => wanted.strip_prefix(namespace) == Some(local),
        None => name == wanted,
    }
}

/// A time: RFC 3339 with seconds and offset, or a day, which begins at midnight UTC.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let is_like = text.as_bytes().get(4) == Some(&b'-') && text.is_ascii();
    match text.len() {
        10 if is_like => date_time::parse(&format!("{text}T00:00:00Z")).ok(),
        20.. if is_like => date_time::parse(text).ok(),
        _ => None,
    }
}
