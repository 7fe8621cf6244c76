//! Ledgers: their records, their tree, their checkpoints.
//!
//! The way through: a writer takes the lease ([`hold_writer`]), loads the tree's peaks ([`load_frontier`]), and
//! appends ([`append`]); readers ask for records ([`record_at`]), checkpoints ([`latest_checkpoint`]), and the
//! nodes of a proof ([`nodes`]).

mod append;
mod checkpoints;
mod lease;
mod list;
mod nodes;
mod records;
mod states;

pub use append::{Append, Entry, append};
pub use checkpoints::{
    StoredCheckpoint, checkpoint_at, checkpoints_after, latest_checkpoint, latest_of,
};
pub use lease::{WriterLease, hold_writer};
pub use list::{Head, LedgerRow, create_ledger, find, head, list_ledgers};
pub use nodes::{NodeMap, TileName, Tiles, load_frontier, nodes, tiles};
pub(crate) use records::slices_of;
pub use records::{
    Chunk, StoredRecord, chunks, exceeds_head, for_each_record, record_at, records_from,
};
pub use states::{LedgerState, MOST_FORKS, Published, states};
