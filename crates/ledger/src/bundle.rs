//! Bundles: the file that proves an item's history with no server.
//!
//! The way through: someone who has the ledgers puts a [`Bundle`] together and writes it ([`Bundle::to_bytes`]);
//! anyone with a policy file calls [`verify()`] and reads the [`Report`].
//!
//! What holds: a record in it shows the names of all its fields and the values of those that nobody may hide; with an
//! anchor, every ledger in it leads into the hub that was anchored. A bundle has one form, its canonical JSON; a file that differs from it in one byte is refused before
//! any other check. If the policy pins a directory, keys and contracts come from the directory's proof in the bundle, and the
//! policy's own lines only narrow them. Every value in it is bound to a signature that the policy requires, to the policy, or to another
//! value that is. Signature lines that the policy does not require are bound to nothing and prove nothing.
//!
//! Not here: where the proofs come from ([`crate::tree`], `sql`), asking a chain (`anchor`).
//!
//! Source: docs/formats/bundle-v2.md.

mod anchor;
mod authority;
mod file;
mod report;
mod verify;

pub use crate::hub::HubEntry;
pub use file::{
    AnchorProof, Bundle, BundleError, BundledRecord, FORMAT, HubProof, LedgerHistory, MEDIA_TYPE,
    Naming, parse, shorten_hub_paths,
};
pub use report::{
    AnchorClaim, Check, CheckOutcome, DirectoryDates, Outcome, RecordSummary, Report, TODAY,
};
pub use verify::verify;
