//! What happened to things: the EPCIS 2.0 model, JSON-LD, validation, event hash.
//!
//! The way through:
//!
//! ```text
//! bytes -> ledger::json -> Document (context, events) -> Event, validated -> hash, typed views
//! ```
//!
//! What holds:
//!
//! - an [`Event`] is its JSON, untouched: digits, offsets, order and extensions stay; typed views read from
//!   it and never write it anew;
//! - a validated event names, for each thing wrong, where, what, and what would be right;
//! - contexts are never fetched, and none that is sent can change what a standard term means.
//!
//! Not here: records (`ledger`), rules (`ingest`), XML, the query interface.
//!
//! Sources: EPCIS 2.0 section 7 and 9, CBV 2.0 section 7 and 8.9.

mod biz_step;
mod check;
mod context;
mod disposition;
mod document;
mod event;
pub mod hash;
pub mod vocabulary;

pub use biz_step::BizStep;
pub use check::Violation;
pub use context::Context;
pub use disposition::Disposition;
pub use document::Document;
pub use event::{Event, EventKind};
