//! The projection of events: what queries and traces search, filled from committed records of site ledgers.
//!
//! The way through: a projector takes the lease ([`hold_projector`]), reads what is new ([`waiting`]) and adds it in one
//! transaction ([`apply()`]). A query asks for [`candidates`], and decides itself which of them match; [`by_event_id`], [`values`]
//! and [`links`] are look-ups. [`lag`] says how far the projection is, [`clear`] begins it anew, [`forget()`] takes out an event that is erased.
//!
//! What holds:
//!
//! - a record has one position or none: rows, postings and the place of its ledger are written in one transaction, in which the one
//!   row of the head is locked, and a ledger is moved only from where the batch began;
//! - positions never change within a generation, so a [`Place`] means the same for ever; a page costs what the first one costs;
//! - no search looks at more than a fixed number of rows: a call that finds little says where the next one goes on;
//! - a candidate is a row of the projection with the record that it names, read from the ledger's own table.
//!
//! Not here: what a record says (`history::projected`), whether a candidate matches (`epcis::query`), when to project
//! (`trace-api`). Nothing here is evidence: who answers from it checks the record.
//!
//! Source: docs/decisions/0060-the-projection-of-events.md.

mod apply;
mod blocks;
mod fill;
mod forget;
mod lag;
mod links;
mod narrow;
mod place;
mod postings;
mod read;
mod scan;
mod search;
mod spot;
mod values;

pub use apply::{Batch, Link, Move, NewEvent, Skipped, apply, id_key};
pub use fill::{ProjectorLease, Waiting, WaitingChunk, clear, hold_projector, waiting};
pub use forget::{SeenValue, forget};
pub use lag::{Lag, Sizes, Skip, lag, reached, sizes, skips};
pub use links::{Head, LinkRow, MOST_OF_A_THING, head, links};
pub use place::{Place, Projected};
pub use read::{MOST_BYTES, Read, by_event_id, read};
pub use search::{Candidates, Search, candidates};
pub use values::{MOST_VALUE, number_of, values};
