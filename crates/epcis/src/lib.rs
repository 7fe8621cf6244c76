//! EPCIS 2.0 events: parsing and validating JSON-LD, vocabulary, event hash.
//!
//! The way through:
//!
//! ```text
//! bytes -> ledger::json -> Document (context, events) -> Event, validated -> hash, typed accessors
//! XML -> xml::parse -> the same JSON -> xml::write -> XML
//! long documents: bytes -> Outline -> one Event at a time
//! parameters -> query::Query -> does it match an Event? -> terms for an index
//! ```
//!
//! What holds:
//!
//! - no I/O, no clock, no randomness;
//! - an [`Event`] keeps its JSON unchanged: digits, offsets, order and extensions; typed accessors read from it
//!   and never write it;
//! - a refused event comes with the list of its violations, each with place, value, problem and what was expected;
//! - contexts are never fetched, and no context in a document can change the meaning of a standard term;
//! - validation is for what is captured: an event of a record is read as it was recorded ([`Event::of_record`]).
//!
//! Not here: records (`ledger`), rules that make events from observations (`ingest`), the query interface (`trace-api`).
//!
//! Sources: EPCIS 2.0 sections 7, 9 and 10, CBV 2.0 sections 7 and 8.9.

mod biz_step;
mod check;
mod context;
mod date_time;
mod decimal;
mod disposition;
mod document;
mod event;
mod event_kind;
pub mod hash;
pub mod master_data;
mod outline;
pub mod query;
mod term;
mod times;
mod uri;
mod violation;
pub mod vocabulary;
mod words;
pub mod xml;

pub use biz_step::BizStep;
pub use check::is_identifier;
pub use context::Context;
pub use disposition::Disposition;
pub use document::{Document, Statement, Submission};
pub use event::Event;
pub use event_kind::EventKind;
pub use outline::Outline;
pub use violation::Violation;
pub use words::WordError;
