//! What a regulator asks of the records, and what was found: searches, the custody of an item, the tree of a lot, cases.
//!
//! The way through:
//!
//! ```text
//! text  -> reading (what it can mean) -> selection (which events) -> find (a page of them, by the projection)
//! list  -> paste (things, each line's error) -> pasted (what is known of each)
//! item  -> custody (its rows, each proved)         lot -> lot_tree (back and forward, folded)
//! acts  -> case (what a case is now, and which acts may follow) -> cases (stored, append-only) -> inbox (of the companies that are asked)
//! ```
//!
//! | module | what it does | |
//! |---|---|---|
//! | [`reading`] | what was typed to what it can mean | pure |
//! | [`paste`] | a pasted list to things | pure |
//! | [`selection`] | a reading to the events that it selects | pure |
//! | [`mod@find`] | a page of these events, with a reader's sight | over `sql` |
//! | [`pasted`] | what is known of each thing of a list | over `sql` |
//! | [`mod@custody`] | the rows of an item: who had it, how that is known, and what was checked | over `history` |
//! | [`lot_tree`] | where a lot came from and went | over `history` |
//! | [`map`] | places on an outline of the continents | pure |
//! | [`mod@company`] | what was typed to the company that is asked | pure |
//! | [`case`] | an inquiry from its opening to its end | pure |
//! | [`cases`] | cases and saved searches in the database | over `sql` |
//! | [`inbox`] | what is asked of a company, and its own replies | over `sql` |
//!
//! What holds: whatever is shown was read from its ledger and led to the leaf hash there (`history::projected`, `history::gather`); what a
//! reader may not see is counted and neither named nor followed; counts are exact or say "at least".
//!
//! Not here: pages (`desk`), files to take home (`export`), who asks (`gate`), the log of reads (`gate`).
//!
//! Sources: docs/decisions/0076-searching-at-the-desk.md, 0077-cases-are-acts.md, 0096-companies-reply-themselves.md.

pub mod case;
pub mod cases;
pub mod company;
pub mod custody;
pub mod find;
pub mod inbox;
pub mod lot_tree;
pub mod map;
pub mod paste;
pub mod pasted;
pub mod reading;
pub mod selection;
pub mod standing;
#[cfg(test)]
mod testing;

pub use custody::{Custody, custody};
pub use find::{Count, Cursor, Found, find};
pub use reading::{Asked, Reading, Unreadable, Window, read};
pub use selection::Selection;
