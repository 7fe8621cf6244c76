//! What is recorded stays recorded: canonical JSON, records, tree, proofs, checkpoints, policies, bundles.
//!
//! The way of a record through this crate:
//!
//! ```text
//! event as JSON -> Record -> commitment -> leaf hash -> tree -> checkpoint -> signed note
//!                                                                 |
//!              bundle <- history of one item <- inclusion path <--+--> hub -> anchor
//! ```
//!
//! Proofs of logs that are not ours go another way: [`foreign`].
//!
//! What holds: nothing here does I/O, reads a clock or makes randomness (a random source is a parameter);
//! no input from outside causes a panic; every use of SHA-256 has its own first byte.
//!
//! Not here: where rows are kept (`sql`), what an event means (`epcis`), who may write (`ingest`).
//!
//! Sources: RFC 9162 section 2.1, RFC 8785, C2SP signed-note, tlog-checkpoint and tlog-policy;
//! docs/formats/record-v1.md, checkpoint-v1.md, bundle-v2.md, directory-v1.md.

pub mod audit;
pub mod bundle;
pub mod checkpoint;
pub mod chop_seal;
pub mod directory;
pub mod foreign;
pub mod hash;
pub mod history;
pub mod hub;
pub mod json;
pub mod keys;
mod members;
pub mod note;
pub mod policy;
pub mod proof;
pub mod record;
pub mod text;
pub mod tree;

pub use hash::Hash;
