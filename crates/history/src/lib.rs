//! Records of an item to its state, its verdict and its bundle.
//!
//! The way through:
//!
//! ```text
//! item -> gather (records, each checked against its ledger) -> History (weighed) -> ItemState -> Reason -> Verdict
//!                                                              \-> bundle (disclosed records, paths, checkpoints)
//! ```
//!
//! | module | what it does | |
//! |---|---|---|
//! | [`record_view`] | reads the JSON members of a record | pure |
//! | [`names`] | what a record names, found by key | pure |
//! | [`chips`] | which chips a record binds to items | pure |
//! | [`known_record`] | a record that was read once | pure |
//! | [`entry`] | one record, and whether it fits its ledger | pure |
//! | [`erasure`] | which records are not erased before another says the same | pure |
//! | [`statement`] | what a record states about the item | pure |
//! | [`weight`] | what a statement weighs, and when the hub had it | pure |
//! | [`authority`] | who may say what | pure |
//! | [`approval`] | whether enough people approved a recall | pure |
//! | [`walk`] | which records belong to an item's history | pure |
//! | [`gaps`] | what is missing between the records | pure |
//! | [`fold`] | records to the state of the item | pure |
//! | [`state`] | what the records add up to | pure |
//! | [`scans`] | scans and sales that hint at two objects | pure |
//! | [`findings`] | who may resolve such a hint, by which note | pure |
//! | [`verdict`] | state, tag and scans to the verdict | pure |
//! | `tiles` | whether a leaf is in a signed tree | pure |
//! | [`cache`] | what was verified once | over `sql` |
//! | `rows` | rows of records, and what they say | over `sql` |
//! | `known_ledgers` | the ledgers that a history needs, and proofs in them | over `sql` |
//! | [`mod@gather`] | fetches the records and proves them | over `sql` |
//! | [`continuity`] | a ledger never shrinks: compares it with the hub, the hub with its anchor | over `sql` |
//! | [`directory`](mod@directory) | loads and replays the directory: who may say what | over `sql` |
//! | [`named`] | what things are called and where places are, by master data | rows of `sql` |
//! | [`movement`] | what an event does to the things it names | keys of `sql` |
//! | [`projected`] | records to rows of the projection of events, and back | over `sql` |
//! | [`sight`] | what a reader may see of this | pure |
//! | [`mod@trace`] | where a thing came from and where it went | over `sql` |
//! | [`frozen`] | what a report of a suspicion rests on | pure |
//! | [`bundle`] | builds the file that proves a history | over `sql` |
//!
//! What holds: no stored record is used before it was recomputed; the pure modules do no I/O and have no clock, the time
//! is a parameter.
//!
//! Not here: what people read and HTTP (`trace-api`), verifying a bundle (`ledger::bundle`).

pub mod approval;
pub mod authority;
pub mod bundle;
pub mod cache;
pub mod chips;
mod clash_kind;
pub mod continuity;
pub mod directory;
pub mod entry;
pub mod erasure;
pub mod findings;
pub mod fold;
pub mod frozen;
pub mod gaps;
pub mod gather;
mod known_ledgers;
pub mod known_record;
pub mod master;
pub mod movement;
pub mod named;
pub mod names;
mod packed;
pub mod places;
pub mod projected;
pub mod record_view;
mod rows;
pub mod scans;
pub mod sight;
mod standing;
pub mod state;
pub mod statement;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tiles;
pub mod trace;
pub mod verdict;
pub mod walk;
pub mod weight;

pub use authority::Row;
pub use cache::Cache;
pub use continuity::Continuity;
pub use entry::{Fault, HistoryEntry, RecordRef, Relation};
pub use fold::History;
pub use gaps::Gap;
pub use gather::{GatheredHistory, gather};
pub use scans::{Conflict, Position};
pub use state::{Clash, ClashKind, ItemState, NotIssued, Notice, Withdrawal};
pub use statement::Ending;
pub use verdict::{ChipFault, Reason, TagCheck, Verdict, judge};
pub use weight::{Mark, Seal, Weight};
