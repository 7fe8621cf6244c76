//! An installation of one ledger, one bridge and one door: keys, rules and the configuration files of ingest and of the bridge.
//!
//! Not here: which readers the bridge has (`burst`, `fleet`).

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use crate::program::{new_bridge, new_ledger};

/// Names and addresses of the installation.
pub(super) struct Door<'a> {
    /// Origin of the ledger.
    pub ledger: &'a str,
    /// Name of the bridge.
    pub bridge: &'a str,
    /// The door, an SGLN URI.
    pub read_point: &'a str,
    /// URL of the database.
    pub database: &'a str,
    /// Where ingest listens.
    pub ingest: SocketAddr,
    /// Where the bridge listens.
    pub listen: SocketAddr,
}

impl Door<'_> {
    /// Writes keys, rules, `chopmark.toml` and `bridge.toml`; the bridge's spool is `spool.sqlite` beside them.
    ///
    /// - `readers`: the sections of the bridge's readers, TOML.
    ///
    /// # Errors
    ///
    /// If a file cannot be written, or a key not be made.
    pub fn write(&self, folder: &Path, readers: &str) -> anyhow::Result<()> {
        let Self { ledger, bridge, read_point, database, ingest, listen } = self;
        new_ledger(ledger, &folder.join("ledger.pem"))?;
        let key = new_bridge(&folder.join("bridge.pem"))?;
        fs::write(
            folder.join("rules.toml"),
            format!(
                "version = \"1\"\nlocation = \"urn:epc:id:sgln:9521142.00001.0\"\n[[rule]]\nid = \"door\"\n\
                 read_point = \"{read_point}\"\nconcludes.observe = {{ things = {{ scheme = \"sgtin\" }}, step = \"storing\" }}\n"
            ),
        )?;
        fs::write(
            folder.join("chopmark.toml"),
            format!(
                "[database]\nurl = \"{database}\"\n[[ledger]]\norigin = \"{ledger}\"\n\
                 party = {{ name = \"Bench\", pgln = \"urn:epc:id:pgln:9521142.00000\" }}\nkeys = \"ledger.pem\"\n\
                 rules = \"rules.toml\"\n[ingest]\nlisten = \"{ingest}\"\n[[bridge]]\nid = \"{bridge}\"\n\
                 public_key = \"{key}\"\nledger = \"{ledger}\"\n"
            ),
        )?;
        fs::write(
            folder.join("bridge.toml"),
            format!(
                "[firmware_bridge]\nid = \"{bridge}\"\nkey = \"bridge.pem\"\nspool = \"spool.sqlite\"\n\
                 ingest_url = \"http://{ingest}\"\nledger = \"{ledger}\"\nlisten = \"{listen}\"\n{readers}"
            ),
        )?;
        Ok(())
    }
}
