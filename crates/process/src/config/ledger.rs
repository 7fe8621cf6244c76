//! `[[ledger]]`: a ledger of the installation, its party and its keys.

use std::path::PathBuf;

use serde::Deserialize;

/// `[[ledger]]`.
///
/// ```toml
/// [[ledger]]
/// origin = "factory.example/line-1"
/// party = { name = "Bamboo Spring", pgln = "urn:epc:id:pgln:9521141.00000" }
/// keys = "keys/factory.pem"
/// keys_passphrase_credential = "factory-keys"
/// rules = "rules/factory.toml"
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerSection {
    /// Origin of the ledger, as its checkpoints carry it: `factory.example/line-1`.
    pub origin: String,
    /// `site`, `hub` or `audit`, which records who read what. Default: `site`.
    #[serde(default)]
    pub kind: LedgerKind,
    /// Whose ledger it is.
    pub party: PartySection,
    /// File with the ledger's signing keys, as `chopmark keys ledger` wrote it, mode 0600; or the address of a token
    /// (HSM) that holds them, `pkcs11:token=…;object=…?module-path=…` (RFC 7512). Only the process that writes the
    /// ledger opens it: ingest for a `site`, the anchor worker for a `hub`, trace-api for an `audit`.
    pub keys: PathBuf,
    /// File, mode 0600, with the passphrase of `keys` if they are encrypted, or the PIN of the token. Default: none.
    #[serde(default)]
    pub keys_passphrase_file: Option<PathBuf>,
    /// Name of the systemd credential (`LoadCredential=`) with that passphrase or PIN. Default: none.
    #[serde(default)]
    pub keys_passphrase_credential: Option<String>,
    /// File with the site's rules. Default: none; then ingest accepts documents for it, no observations.
    #[serde(default)]
    pub rules: Option<PathBuf>,
}

impl LedgerSection {
    /// The section as messages name it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("[[ledger]] `{}`", self.origin)
    }
}

/// `party` of a ledger.
///
/// ```toml
/// [[ledger]]
/// origin = "hub.example/1"
/// kind = "hub"
/// keys = "keys/hub.pem"
/// party = { name = "Hub", pgln = "urn:epc:id:pgln:9521140.00000" }
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartySection {
    /// Name that people read.
    pub name: String,
    /// Party identifier, `urn:epc:id:pgln:…`.
    pub pgln: String,
}

/// What a ledger keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerKind {
    /// Records of one party's site.
    #[default]
    Site,
    /// Checkpoints of all other ledgers.
    Hub,
    /// Reads of regulators and operators.
    Audit,
}
