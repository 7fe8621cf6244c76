//! Who is who and who may say what: the directory's records, their approvals, and the rights that follow.
//!
//! | module | what it does |
//! |---|---|
//! | [`rights`] | answers "who speaks here, and may they say this?" |
//!
//! What holds: no I/O, no clock, no randomness.
//!
//! Not here: what a statement does to an item (`history`), storage (`sql`), the offline proof of an entry
//! (`ledger::directory`).

pub mod rights;

pub use rights::{Act, Moment, PartyId, Rights, Role, Standing, Subject};
