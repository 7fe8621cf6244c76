//! Files that hold secrets: whether others can use them, and whether keys are encrypted.
//!
//! Not here: whether a key is the right one (`chopmark config check` opens every one).

use std::path::{Path, PathBuf};

use keystore::private::{self, PrivateError};
use process::config::Installation;
use process::config::keys::plain_files;

use super::check::Check;

/// Looks at every secret file that the configuration names.
pub fn look(installation: &Installation) -> Vec<Check> {
    let plain = plain_files(installation);
    let mut checks = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    for (section, path) in secrets(installation) {
        if seen.contains(&path) {
            continue;
        }
        let what = format!("secret of {section}");
        let is_plain = plain.iter().any(|(_, file)| *file == path);
        checks.push(file(&what, &path, is_plain));
        seen.push(path);
    }
    checks
}

fn file(what: &str, path: &Path, is_plain: bool) -> Check {
    let shown = path.display();
    match private::check_mode(path) {
        Err(PrivateError::Mode { mode, .. }) => Check::failed(
            what,
            format!("{shown}: mode {mode:04o}, others can use it; expected 0600"),
            format!("find out who read it; then chmod 600 {shown}"),
        ),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            Check::failed(
                what,
                format!("{shown}: {}", cause.unwrap_or_else(|| error.to_string())),
                "make the key, or run this as the user of the process",
            )
        }
        Ok(()) if is_plain => Check::warning(
            what,
            format!("{shown}: for its owner alone, not encrypted"),
            format!("chopmark keys encrypt {shown}"),
        ),
        Ok(()) => Check::ok(what, format!("{shown}: for its owner alone")),
    }
}

/// Each file that holds a secret, with the section that names it.
fn secrets(installation: &Installation) -> Vec<(String, PathBuf)> {
    let mut files: Vec<(String, Option<&PathBuf>)> = Vec::new();
    let is_ours = |kind| match kind {
        process::config::ledger::LedgerKind::Site => installation.ingest.is_some(),
        process::config::ledger::LedgerKind::Hub => installation.anchor.is_some(),
        process::config::ledger::LedgerKind::Audit => installation.trace_api.is_some(),
    };
    for ledger in installation.ledgers.iter().filter(|ledger| is_ours(ledger.kind)) {
        let is_file = !ledger.keys.to_string_lossy().starts_with(keystore::uri::SCHEME);
        files.push((ledger.name(), is_file.then_some(&ledger.keys)));
        files.push((ledger.name(), ledger.keys_passphrase_file.as_ref()));
    }
    if let Some(anchor) = &installation.anchor {
        files.push(("[anchor]".to_owned(), Some(&anchor.key)));
        files.push(("[anchor]".to_owned(), anchor.key_passphrase_file.as_ref()));
    }
    if let Some(bridge) = &installation.firmware_bridge {
        files.push(("[firmware_bridge]".to_owned(), Some(&bridge.key)));
        files.push(("[firmware_bridge]".to_owned(), bridge.key_passphrase_file.as_ref()));
    }
    if let Some(trace) = &installation.trace_api {
        files.push(("[trace_api]".to_owned(), Some(&trace.scan_secret)));
        files.push(("[trace_api]".to_owned(), trace.tag_secret.as_ref()));
    }
    files
        .into_iter()
        .filter_map(|(section, path)| Some((section, installation.at(path?))))
        .collect()
}
