//! Files of the directory's commands: keys of people, public keys of ledgers, approvals of events.

use std::path::Path;

use anyhow::Context as _;
use epcis::hash::{Dialect, event_hash};
use keystore::private;
use ledger::directory::{HolderKey, LedgerKeyset};
use ledger::keys::{LedgerKeys, VerifierKey};
use ledger::note::Note;
use process::Randomness;

use crate::input;
use crate::terminal::{self, out, problem};

/// Makes a person's key in a new file of mode 0600 and prints the public half.
pub fn new_holder(holder: &str, out: &Path) -> anyhow::Result<()> {
    let key = HolderKey::generate(holder, Randomness::system().source())?;
    private::create(out, &key.to_pem_file())?;
    out!("{}", key.verifier());
    problem!("secret key written to {}", out.display());
    Ok(())
}

/// Reads a text; `-` is standard input.
pub fn read(path: &Path) -> anyhow::Result<String> {
    input::text(path)
}

/// Reads a person's key.
pub fn holder(path: &Path) -> anyhow::Result<HolderKey> {
    HolderKey::from_pem_file(&read(path)?)
        .with_context(|| format!("{} is no key file of `chopmark directory key`", path.display()))
}

/// Reads the public keys of a ledger: its key file, or the two lines that `chopmark keys show` prints.
pub fn keyset(path: &Path) -> anyhow::Result<LedgerKeyset> {
    let text = read(path)?;
    let keys: Vec<VerifierKey> = match LedgerKeys::from_pem_file(&text) {
        Ok(keys) => keys.verifier_keys(),
        Err(_) => text.lines().map(str::parse).collect::<Result<_, _>>().with_context(|| {
            format!("{}: expected a key file or two lines of `chopmark keys show`", path.display())
        })?,
    };
    directory::setup::keyset_of(&keys).with_context(|| {
        format!("{}: got {} keys, expected an Ed25519 and an RSA key", path.display(), keys.len())
    })
}

/// Prints a signed approval of the one event in a file.
pub fn approve_event(key: &Path, ledger: &str, event: &Path) -> anyhow::Result<()> {
    let key = holder(key)?;
    let document = epcis::Document::parse(read(event)?.as_bytes()).map_err(|violations| {
        let first = violations.first().map_or_else(String::new, |violation| {
            format!("{}: {}", violation.pointer, violation.problem)
        });
        anyhow::anyhow!("{} is not a valid EPCIS 2.0 document: {first}", event.display())
    })?;
    let mut events = document.events().iter();
    let (Some(event), None) = (events.next(), events.next()) else {
        anyhow::bail!("{}: expected exactly one event to approve", event.display());
    };
    let text = directory::approval::text(ledger, &event_hash(event, Dialect::default())?);
    let signatures = vec![key.sign(&text)];
    terminal::lines(&Note { text, signatures }.to_string());
    Ok(())
}
