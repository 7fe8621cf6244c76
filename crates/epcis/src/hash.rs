//! The event hash of the Core Business Vocabulary, in three dialects.
//!
//! The way through: [`pre_hash`] writes the event as one text, in the order of CBV 2.0 section 8.9 (`writer.rs`, with
//! `sensors.rs` and `extensions.rs` for what is nested, `values.rs` and `links.rs` for values); [`event_hash`] hashes
//! that text. The dialects differ in the order of fields, in the namespace of GS1's vocabulary, in the place of
//! extensions of standard fields, and in the fields that they omit.
//!
//! What holds:
//!
//! - a change of any value of the event changes the text, except in the members that no dialect hashes (`recordTime`,
//!   `eventID`, `errorDeclaration`, comments, and since 2026 `certificationInfo`), and except between spellings of one
//!   value (12 and 12.0, two offsets of one time, two links of one key);
//! - numbers are decimal text, never floating point.
//!
//! The hash is only a derived id, and no security property depends on it: different events can be chosen that
//! have the same hash (lot "00123" and number 123), and there have been four dialects under one label.
//!
//! Not here: XML ([`crate::xml`] makes the JSON that is hashed).
//!
//! Source: CBV 2.0 section 8.9 as described by its reference implementations of 2025 and of September 2026;
//! docs/decisions/0036 for what they do not define.

mod dialect;
mod extensions;
mod links;
mod sensors;
mod values;
mod writer;

pub use dialect::{Dialect, HashError};

use crate::event::Event;

/// Computes the event hash: `ni:///sha-256;HEX?ver=CBV2.0`, where HEX are 64 lower-case hex digits; the draft of
/// CBV 2.1 has `?ver=CBV2.1`.
///
/// # Errors
///
/// None for the present dialects.
pub fn event_hash(event: &Event, dialect: Dialect) -> Result<String, HashError> {
    let hex = ledger::hash::sha256(pre_hash(event, dialect)?.as_bytes());
    Ok(format!("ni:///sha-256;{hex}?ver={}", dialect.version()))
}

/// Returns the text that [`event_hash`] hashes.
///
/// # Errors
///
/// As [`event_hash`].
pub fn pre_hash(event: &Event, dialect: Dialect) -> Result<String, HashError> {
    Ok(writer::write(event, dialect))
}
