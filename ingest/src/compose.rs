//! Makes the record of an event: the event, who said it, and what it is based on.
//!
//! The way through: an EPCIS event (concluded by a rule, or stated by a partner) and its [`Source`] go in,
//! a [`ledger::record::Record`] comes out, whose top-level members are those of docs/formats/record-v1.md.
//!
//! What holds:
//!
//! - the event's own members are carried over untouched, digits and order of lists included;
//! - the members that we add are named `chopmark:…`, and an event that has such a member itself is refused, so a
//!   sender cannot make statements in our name, at any depth;
//! - known gaps and doubts of the window are in the record, next to its digest;
//! - the event hash is kept as a derived id with its dialect; the ledger does not depend on it.
//!
//! Not here: salts and hashing (`ledger::record`), places in the ledger ([`crate::writer`]).

use epcis::Event;
use epcis::hash::{Dialect, event_hash};
use jiff::Timestamp;
use ledger::json::{Json, object};
use ledger::record::Record;
use thiserror::Error;

/// A party, as records name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Name that people read.
    pub name: String,
    /// Party identifier, `urn:epc:id:pgln:…`.
    pub pgln: String,
}

/// What a record is based on.
#[derive(Debug, Clone)]
pub enum Source<'a> {
    /// A window of reads that a bridge delivered.
    Observed {
        /// Rule that concluded the event.
        rule: &'a str,
        /// Version of the site's rules.
        version: &'a str,
        /// The delivery.
        delivery: &'a reads::Delivery,
        /// SHA-256 of the delivery's body, hex.
        body_sha256: &'a str,
        /// The bridge's Ed25519 signature over the delivery, base64.
        signature: &'a str,
        /// Id of the bridge's key that verified it.
        bridge_key: &'a str,
    },
    /// A document that a partner stated.
    Stated {
        /// Name of the partner.
        partner: &'a str,
        /// SHA-256 of the document, hex.
        document_sha256: &'a str,
        /// Approvals of the event that came with the document, signed notes.
        approvals: &'a [String],
    },
}

/// Why an event cannot become a record.
#[derive(Debug, Error)]
pub enum ComposeError {
    /// The event brings a member that only a ledger writes.
    #[error(
        "got member `{0}`, expected none that starts with `chopmark:`; only the ledger writes these"
    )]
    ReservedMember(String),
    /// The event hash could not be derived.
    #[error("could not compute the event hash: {0}")]
    Hash(String),
    /// The record would not be well-formed.
    #[error("could not make a record of the event: {0}")]
    Record(#[from] ledger::record::RecordError),
}

/// Makes the record of `event`.
///
/// - `captured_at`: when this ledger accepted the event.
///
/// # Errors
///
/// [`ComposeError`], naming the member and what was expected.
pub fn compose(
    event: Event,
    by: &Party,
    captured_at: Timestamp,
    source: &Source<'_>,
) -> Result<Record, ComposeError> {
    let is_stated = matches!(source, Source::Stated { .. });
    if let Some(name) = reserved_member(event.json(), is_stated) {
        return Err(ComposeError::ReservedMember(name.to_owned()));
    }
    let dialect = Dialect::default();
    let hash =
        event_hash(&event, dialect).map_err(|error| ComposeError::Hash(error.to_string()))?;
    let mut json = event.into_json();
    let text = |value: &str| Json::from(value);
    json.set("chopmark:by", object([("name", text(&by.name)), ("pgln", text(&by.pgln))]));
    json.set("chopmark:capturedAt", text(&format!("{captured_at:.3}")));
    json.set(
        "chopmark:eventID",
        object([("dialect", text(&dialect.to_string())), ("id", text(&hash))]),
    );
    match source {
        Source::Observed { rule, version, delivery, body_sha256, signature, bridge_key } => {
            json.set(
                "chopmark:evidence",
                object([
                    ("bridgeKey", text(bridge_key)),
                    ("rule", text(rule)),
                    ("version", text(version)),
                    ("window", window(delivery)),
                ]),
            );
            json.set(
                "chopmark:sourceSignature",
                object([
                    ("body", text(body_sha256)),
                    ("bridge", text(&delivery.bridge)),
                    ("signature", text(signature)),
                ]),
            );
        }
        Source::Stated { partner, document_sha256, approvals } => {
            let mut members = vec![("document", text(document_sha256)), ("partner", text(partner))];
            if !approvals.is_empty() {
                let notes = approvals.iter().map(|note| text(note)).collect();
                members.push(("approvals", Json::Array(notes)));
            }
            json.set("chopmark:evidence", object(members));
        }
    }
    Ok(Record::from_json(json)?)
}

/// The window that a record is based on; doubts and gaps only where there are any.
fn window(delivery: &reads::Delivery) -> Json {
    let text = |value: &str| Json::from(value);
    let mut members = vec![
        ("bridge", text(&delivery.bridge)),
        ("boot", Json::from(delivery.boot)),
        ("sequence", Json::from(delivery.seq)),
        ("reader", text(&delivery.reader)),
        ("reads", Json::from(delivery.reads)),
        ("digest", text(&delivery.window_digest)),
    ];
    let marks = [
        ("suspectClock", delivery.suspect_clock),
        ("late", delivery.late),
        ("byBarrier", delivery.by_barrier),
    ];
    members.extend(
        marks.into_iter().filter(|(_, is_set)| *is_set).map(|(n, _)| (n, Json::Bool(true))),
    );
    if !delivery.gaps.is_empty() {
        members.push(("gaps", Json::Array(delivery.gaps.iter().map(|gap| text(gap)).collect())));
    }
    object(members)
}

/// A member that only a ledger writes.
///
/// - `deep`: looks into values as well. A concluded event may carry such members inside, since we made it; the
///   parser has bounded the depth of a stated one.
fn reserved_member(json: &Json, deep: bool) -> Option<&str> {
    match json {
        Json::Object(members) => members.iter().find_map(|(name, value)| {
            if name.starts_with("chopmark:") {
                return Some(name.as_str());
            }
            if deep { reserved_member(value, deep) } else { None }
        }),
        Json::Array(items) if deep => items.iter().find_map(|item| reserved_member(item, deep)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
