//! Where secret keys are kept: files for their owner alone, encrypted files, tokens that never give a key away.
//!
//! The way through: [`file::open`] gives the text of a key file, decrypted if it is [`armour`]ed, with a passphrase from
//! a [`source`] or a [`prompt`]; [`private`] creates and replaces such files; [`uri`] reads `pkcs11:` addresses, and
//! `token` signs with what they name; [`sealed`] encrypts large files, [`wrapped`] secrets in a database.
//!
//! What holds: a file that others can read is refused; nothing here prints a key or a passphrase, not by `Debug` either;
//! both are wiped from memory after use.
//!
//! Not here: what a key is (`ledger::keys`, the publisher's in `anchor`), which key a process uses (its configuration).
//!
//! Sources: RFC 9106 (Argon2), NIST SP 800-38D (GCM), PKCS #11 v3.0, RFC 7512; docs/formats/key-file-v1.md.

pub mod armour;
pub mod file;
pub mod passphrase;
pub mod private;
pub mod prompt;
pub mod sealed;
pub mod source;
#[cfg(feature = "pkcs11")]
pub mod token;
pub mod uri;
pub mod wrapped;

pub use passphrase::Passphrase;
pub use zeroize::Zeroizing;
