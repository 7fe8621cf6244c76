//! What stands in the place of a record's text once its content was erased.
//!
//! What holds: a tombstone has no member of an event, so nothing reads one as an event; it proves nothing by itself: the leaf hash beside
//! it is still that of the record.
//!
//! Not here: whether an erasure was recorded (`chopmark audit`).
//!
//! Source: docs/formats/record-v1.md, "Erasure".

use super::Secret;
use crate::json::{Json, object};

/// The only member of a tombstone.
const MEMBER: &str = "chopmark:erased";
/// What stands in the place of the secret of an erased record.
pub const ERASED_SECRET: Secret = [0; 16];

/// When and why a record was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// When, as RFC 3339 writes it in UTC.
    pub at: String,
    /// Why, for people.
    pub reason: String,
}

impl Tombstone {
    /// Its text: canonical JSON.
    #[must_use]
    pub fn text(&self) -> String {
        let text = |text: &str| Json::from(text);
        let inner = object([("at", text(&self.at)), ("reason", text(&self.reason))]);
        object([(MEMBER, inner)]).canonical()
    }

    /// The day, `2026-11-24`, in UTC.
    #[must_use]
    pub fn day(&self) -> &str {
        self.at.get(..10).unwrap_or(&self.at)
    }

    /// The tombstone that an object is; none if it is anything else.
    #[must_use]
    pub fn of(json: &Json) -> Option<Self> {
        let [(name, inner)] = json.as_object()? else { return None };
        if name != MEMBER || inner.as_object()?.len() != 2 {
            return None;
        }
        let text = |name: &str| Some(inner.get(name)?.as_str()?.to_owned());
        Some(Self { at: text("at")?, reason: text("reason")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Limits, parse};

    fn read(text: &str) -> Option<Tombstone> {
        Tombstone::of(&parse(text.as_bytes(), &Limits::default()).unwrap())
    }

    #[test]
    fn a_tombstone_is_read_again_and_nothing_else_is_one() {
        let stone = Tombstone { at: "2026-11-24T08:00:00Z".into(), reason: "asked for".into() };
        let text = stone.text();
        assert_eq!(
            text,
            r#"{"chopmark:erased":{"at":"2026-11-24T08:00:00Z","reason":"asked for"}}"#
        );
        assert_eq!(read(&text), Some(stone));
        for other in [
            "{}",
            "[]",
            r#"{"chopmark:erased":"yes"}"#,
            r#"{"chopmark:erased":{"at":"2026"}}"#,
            r#"{"chopmark:erased":{"at":"2026","reason":7}}"#,
            r#"{"chopmark:erased":{"at":"2026","by":"lee","reason":"a"}}"#,
            r#"{"chopmark:erased":{"at":"2026","reason":"a"},"type":"ObjectEvent"}"#,
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
