//! What the bridge has not delivered yet, on disk: one SQLite file.
//!
//! The way of a read through this file:
//!
//! ```text
//! reads -> raw (by open window) --close--> deliveries (outbox) --recorded--> gone; the raw window is kept
//!                                              |      ^
//!                                           refused --resend (by a person)
//! ```
//!
//! What holds, whatever crashes in between:
//!
//! - a commit that returned is on disk (WAL, synchronous=FULL), so that messages may be acknowledged;
//! - a window is closed and its deliveries are stored in one transaction: a delivery exists once;
//! - a boot number is never used twice, so (bridge, boot, sequence) names one delivery for ever; it counts
//!   milliseconds since 1970, so that a file that replaces a lost one does not reuse its numbers;
//! - a delivery that ingest refuses is kept complete until a person sends it again;
//! - when the file is full, message digests, dead letters and closed windows are deleted; when there are none, raw
//!   reads are dropped and the gap is recorded in the window; deliveries are never dropped;
//! - the file and those that SQLite keeps beside it are for their owner alone (mode 0600).
//!
//! Not here: settling ([`settling::settle`]), sending ([`crate::deliver`]).
//!
//! Source: docs/decisions, SQLite measured at 174,000 records a second with 100 per commit.

mod batch;
pub mod code;
mod convert;
mod database;
mod error;
mod modes;
mod outbox;
mod record;
mod schema;

pub use self::batch::{Batch, Forgotten};
pub use self::database::Spool;
pub use self::error::{RETRY, SpoolError};
pub use self::outbox::Refused;
pub use self::record::{Change, KeptFinding, KeptWindow, UnclosedWindow, Waiting};

#[cfg(test)]
pub(crate) mod tests;
