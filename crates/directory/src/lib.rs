//! Who is who and who may say what: the directory's records, their approvals, and the rights that follow.
//!
//! | module | what it does |
//! |---|---|
//! | [`record`] | reads the kinds of records |
//! | [`rules`] | says whether a record may be the next one, and who must have approved it |
//! | [`replay`](mod@replay) | replays all records: [`Directory`] |
//! | [`rights`] | answers "who speaks here, and may they say this?" |
//! | [`approval`] | the two-person rule for events |
//! | [`setup`] | the first records of an installation |
//!
//! What holds: no I/O, no clock, no randomness.
//!
//! Not here: what a statement does to an item (`history`), storage (`sql`), the offline proof of an entry
//! (`ledger::directory`).

pub mod approval;
mod approve;
mod book;
mod derive;
mod parties;
mod problem;
pub mod record;
pub mod replay;
pub mod rights;
pub mod rules;
pub mod setup;

pub use problem::{DirectoryError, Problem};
pub use replay::{Directory, SubjectView, replay};
pub use rights::{Act, Moment, PartyId, Rights, Role, Standing, Subject};
