//! The directory's records as far as a verifier without a server needs them: roots, state, and proofs of entries.
//!
//! The way through:
//!
//! ```text
//! pin -> roots upward -> checkpoint of the directory -> state record -> entries of the state's tree -> policy, licensees
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`entry`] | one entry: a signed note with canonical JSON |
//! | [`fields`] | reads the members of a record strictly |
//! | [`signers`](mod@signers) | whose signatures a note has, each person and each key once |
//! | [`root`] | root records and the step from one version to the next |
//! | [`keyset`] | the keys of a ledger, by size |
//! | [`state`] | the state record and the tree over all subjects |
//! | [`proof`] | the JSON form of a proof |
//! | [`verify`] | checks a proof from the pin on |
//! | [`holder`] | the signing key of a person |
//!
//! What holds: no clock: whether something has expired is for the caller, who has the time; no input from outside
//! causes a panic.
//!
//! Not here: the other kinds of records, who must approve them, and the rights (`directory`), storage (`sql`).
//!
//! Source: docs/formats/directory-v1.md.

pub mod entry;
pub mod fields;
pub mod holder;
pub mod keyset;
pub mod proof;
pub mod root;
pub mod signers;
pub mod state;
pub mod verify;

pub use entry::{Entry, EntryError, Head};
pub use fields::{FieldError, Fields};
pub use holder::HolderKey;
pub use keyset::{KeysetInterval, LedgerKeyset, SizeAndRoot};
pub use proof::{DirectoryProof, ProvedEntry};
pub use root::{Auditors, Root, RootError};
pub use signers::{Signer, SignerError, signers};
pub use state::{State, StateTree};
pub use verify::{Licence, Lookup, ProvedDirectory, VerifyError, verify_proof};

/// First line of every record.
pub const HEADING: &str = "chopmark.org/directory@v1";
