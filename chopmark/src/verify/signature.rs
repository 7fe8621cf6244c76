//! The signature beside an export: `FILE.sig`, with `FILE` and `FILE.manifest.json` in the same folder.
//!
//! What holds: whom to trust comes from the policy file; a file that is not there lowers the outcome to cannot tell and is named.
//!
//! Not here: the checks ([`export::signature::verify`]).

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use export::signature;
use ledger::policy::Policy;

use super::arguments::Arguments;
use super::report::print_report;
use crate::{input, policy_file};

/// What the name of a signature has behind that of its file.
const ENDING: &str = "sig";

/// The file that a signature is of.
fn file_of(signature: &Path) -> anyhow::Result<PathBuf> {
    let is_named = signature.extension().is_some_and(|ending| ending == ENDING);
    anyhow::ensure!(
        is_named && !input::is_standard(signature),
        "{} is the signature of an export, expected it under the name FILE.sig beside FILE",
        input::name(signature)
    );
    Ok(signature.with_extension(""))
}

/// Opens a file that may not be there.
fn open(path: &Path) -> anyhow::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("could not read {}", path.display())),
    }
}

/// Verifies a signature; exit status 0 proved, 1 refuted, 2 cannot tell.
///
/// # Errors
///
/// If a file cannot be read, the policy is not usable or an argument is of another kind of file.
pub(super) fn run(bytes: &[u8], arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let is_plain = arguments.rpc.is_empty() && !super::foreign::is_asked_for(arguments);
    anyhow::ensure!(
        is_plain,
        "{} is the signature of an export, got an option for another kind of file",
        input::name(&arguments.file)
    );
    let path = file_of(&arguments.file)?;
    let policy = match &arguments.policy {
        Some(path) => policy_file::read(path)?,
        None => Policy::default(),
    };
    let mut file = open(&path)?.map(BufReader::new);
    let beside = crate::export::manifest_path(&path);
    let mut manifest = None;
    if let Some(mut open) = open(&beside)? {
        let mut text = Vec::new();
        open.read_to_end(&mut text)
            .with_context(|| format!("could not read {}", beside.display()))?;
        manifest = Some(text);
    }
    let note = String::from_utf8_lossy(bytes);
    let file = file.as_mut().map(|file| file as &mut dyn Read);
    let report = signature::verify(&note, file, manifest.as_deref(), &policy)
        .with_context(|| format!("could not read {}", path.display()))?;
    let name = report.item.as_deref().unwrap_or("(no signature of an export could be read)");
    Ok(print_report(arguments.json, ("export", name), &report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_beside_its_file() {
        let of = |name: &str| file_of(Path::new(name)).map_err(|error| error.to_string());
        assert_eq!(of("a/tea.csv.sig"), Ok(PathBuf::from("a/tea.csv")));
        for name in ["-", "tea.csv", "sig"] {
            assert!(of(name).unwrap_err().contains("FILE.sig"), "{name}");
        }
    }
}
