//! Where a thing came from and where it went: over containers, transformations and lots.
//!
//! The way through: [`crate::movement::links_of`] says what the projection stores of an event; [`trace()`] begins with one thing, asks which events move
//! it, reads these, and goes on with the things that they name ([`Walk`]), a level at a time; [`Trace`] is what was found.
//!
//! What holds:
//!
//! - each level takes a fixed number of queries for links and events, whatever the number of things; only texts of more than 32 MiB take more;
//! - names and times are those of records that were checked ([`crate::projected::check`]), never of the projection;
//! - a thing is followed only for the time in which it was there: what was taken out of a case does not go where the case goes;
//! - cycles end: a thing is gone through again only if it is reached at more times than before, and levels are bounded;
//! - what was left out because there is too much, or because the reader may not see it, is counted.
//!
//! Not here: which of this counts as evidence (nothing: an answer to "where from" rests on claims as much as the records do).
//!
//! Sources: EPCIS 2.0 sections 7.4.3 and 7.4.6; docs/decisions/0060-the-projection-of-events.md.

mod fetch;
mod found;
mod things;
mod walk;

pub use fetch::{Limits, trace};
pub use found::{Direction, Kind, Line, Source, Span, Trace};
pub use walk::{Needs, TracedEvent, Walk};
