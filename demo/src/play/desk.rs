//! The desk of the demo, for tests and pictures of its pages: a process with a log of reads, and the keys of an inspector and of a company.
//!
//! The way through: [`Stage::open_desk`] writes `desk.toml`, makes the keys, starts the desk on the demo's database, and lists in `desk.txt`
//! what to open there, a line for each: a name and a value.
//!
//! What holds: the inspector's key is of a regulator for the factory's products, so every read is recorded with a reason, as in production; the other
//! is of the distribution centre, as a custodian that is named as the party. The log of
//! reads is not in the demo's directory, which was founded before; so the desk is opened after the audit of what can be looked at.
//!
//! Not here: what the pages show (`desk`).

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::site::{FACTORY_PLACE, HUB, LOT_CLASS};
use super::stage::Stage;
use crate::program;
use crate::world::free_address;

/// Origin of the log of reads.
const READS: &str = "reads.example/log";
/// Whose key it is.
const INSPECTOR: &str = "food-authority/lee";
/// Whose key the company's is.
const CLERK: &str = "centre.example/wu";
/// The company.
const COMPANY: &str = "urn:epc:id:pgln:9521142.00000";
/// The key of an inspector, by the words of the command.
const NEW_KEY: &str =
    "access key add --role regulator --product 9521141 --json --config chopmark.toml --subject";
/// The key of the company.
const COMPANY_KEY: &str = "access key add --role custodian --party urn:epc:id:pgln:9521142.00000 --json --config chopmark.toml --subject";

/// Makes a key with the words of the command; gives it.
fn new_key(folder: &Path, words: &str, subject: &str) -> anyhow::Result<String> {
    let words: Vec<&str> = words.split(' ').chain([subject]).collect();
    let printed = program::output(folder, &words)?;
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    // The whole key is longer than the part that names it.
    let keys = printed.split(|c| !is_of_key(c)).filter(|word| word.starts_with("chm_"));
    Ok(keys.max_by_key(|word| word.len()).context("no key was printed")?.to_owned())
}

impl Stage {
    /// Opens the desk.
    ///
    /// # Errors
    ///
    /// If a command fails, a file cannot be written, or the desk does not start.
    pub fn open_desk(&mut self) -> anyhow::Result<()> {
        let folder = self.world.folder.clone();
        let (listen, internal) = (free_address()?, free_address()?);
        program::new_ledger(READS, &folder.join("keys/reads.pem"))?;
        let installation = fs::read_to_string(folder.join("chopmark.toml"))?;
        let section = format!(
            r#"
[[ledger]]
origin = "{READS}"
kind = "audit"
party = {{ name = "Authority", pgln = "urn:epc:id:pgln:9521147.00000" }}
keys = "keys/reads.pem"

[desk]
listen = "{listen}"
internal_listen = "{internal}"
public_url = "http://{listen}"
policy = "policy.txt"
hub = "{HUB}"
read_log = "{READS}"
logins_per_minute = 1000
"#
        );
        fs::write(folder.join("desk.toml"), installation + &section)?;
        let key = new_key(&folder, NEW_KEY, INSPECTOR)?;
        let company_key = new_key(&folder, COMPANY_KEY, CLERK)?;
        self.world.start("desk", "desk.toml", "desk", internal)?;
        let goods = &self.goods;
        let lines = [
            ("url", format!("http://{listen}")),
            ("key", key),
            ("company-key", company_key),
            ("company", COMPANY.to_owned()),
            ("item", goods.items[0].epc.to_uri()),
            ("lot", LOT_CLASS.to_owned()),
            ("pallet", goods.pallet.epc.to_uri()),
            ("place", FACTORY_PLACE.to_owned()),
        ];
        let lines = lines.map(|(name, value)| format!("{name} {value}\n"));
        fs::write(folder.join("desk.txt"), lines.concat()).context("could not write desk.txt")
    }
}
