//! What was recorded, as files to take home: spreadsheets, EPCIS documents, the evidence pack.
//!
//! The way through:
//!
//! ```text
//! Request -> Snapshot (sizes, roots) -> Walk (rows in one order, each checked, scope applied) -> a writer -> Manifest
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`request`] | what is exported, by whom, in which form |
//! | [`snapshot`] | sizes and roots of all ledgers at which the export is made |
//! | [`walk`] | the rows, in an order that depends on nothing but the ledgers |
//! | [`descriptions`] | names of places and products, as of the snapshot |
//! | [`fsma`] | events to rows of the FSMA 204 spreadsheet |
//! | [`table`] | the columns of the general table of events |
//! | [`csv`], [`sheet`], [`json_ld`], [`xml`] | the forms |
//! | [`zip`] | archives: written one way only, read only as written |
//! | [`pack`] | the evidence pack, and its verification |
//! | [`report`] | a report to print, as PDF |
//! | [`signature`] | the signature beside a file, and its verification |
//! | [`wanted`] | which events: those of a query, or those that a search at the desk finds |
//! | [`manifest`] | what a file holds, at which sizes, and what it leaves out |
//!
//! What holds:
//!
//! - memory does not grow with the number of rows, but for the items of an evidence pack, whose number is bounded;
//! - the same request at the same sizes gives the same bytes: no clock, no randomness, no order of the projection is in them;
//! - every event that is written was recomputed from its record ([`history::projected::check`]); what does not fit is counted and named;
//! - what the reader may not see is counted in every file ([`history::sight::sees`] decides, as for every other door).
//!
//! Not here: jobs and pages (`desk`), what is asked for on the command line (`chopmark`).
//!
//! Sources: docs/formats/export-v1.md; decisions 0074, 0075, 0085 and 0086.

pub mod csv;
pub mod descriptions;
mod error;
pub mod fsma;
mod job;
pub mod json_ld;
pub mod manifest;
pub mod pack;
pub mod report;
pub mod request;
mod rows;
pub mod sheet;
pub mod signature;
pub mod snapshot;
pub mod table;
mod tally;
pub mod walk;
pub mod wanted;
mod write;
pub mod xml;
pub mod zip;

pub use error::Error;
pub use job::{Job, Progress, Source};
pub use manifest::Manifest;
pub use request::{Format, Options, Request};
pub use snapshot::{Pins, Snapshot};
pub use tally::{Counts, Hashing};
pub use write::write;
