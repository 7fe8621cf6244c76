//! Whom a verifier trusts, and whether a checkpoint is signed as that trust asks.
//!
//! The way through: a text file is read ([`Policy`] implements `FromStr`), then every checkpoint of a ledger goes
//! through [`Policy::open_checkpoint`] and every checkpoint of a hub through [`Policy::open_hub_checkpoint`].
//!
//! What holds: trust comes from this file, never from a bundle or a database. Nothing else in the project decides
//! whether a checkpoint is signed.
//!
//! Not here: cosignatures of witnesses (no bundle carries any; a policy that asks for a quorum cannot be satisfied).
//!
//! Sources: C2SP tlog-policy and signed-note; docs/formats/checkpoint-v1.md, "Policy file" and "Opening a checkpoint".

mod derived;
mod file;
mod open;
mod trust;

pub use file::PolicyError;
pub use open::OpenError;
pub use trust::{ChainRoot, DirectoryPin, Group, Policy, TrustedKey, Window, Witness};
