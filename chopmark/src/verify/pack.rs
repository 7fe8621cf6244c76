//! Evidence packs.
//!
//! What holds: whom to trust comes from the policy file, never from the pack; without one the outcome is cannot tell.
//!
//! Not here: the checks ([`export::pack::verify`]).

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use ledger::policy::Policy;

use super::arguments::Arguments;
use super::report::print_report;
use crate::{input, policy_file};

/// With what an archive begins.
const BEGIN: [u8; 4] = *b"PK\x03\x04";

/// Whether a file is an archive; standard input, which can be read once, is taken for none.
///
/// # Errors
///
/// If it cannot be read.
pub(super) fn is_one(path: &Path) -> anyhow::Result<bool> {
    if input::is_standard(path) {
        return Ok(false);
    }
    if path.extension().is_some_and(|it| it.eq_ignore_ascii_case("zip")) {
        return Ok(true);
    }
    let mut begin = Vec::new();
    let file = File::open(path).with_context(|| format!("could not read {}", path.display()))?;
    let read = file.take(4).read_to_end(&mut begin);
    read.with_context(|| format!("could not read {}", path.display()))?;
    Ok(begin == BEGIN)
}

/// Verifies a pack; exit status 0 proved, 1 refuted, 2 cannot tell.
///
/// # Errors
///
/// If a file cannot be read, the policy is not usable or an argument is of another kind of file.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let path = &arguments.file;
    let is_plain = arguments.rpc.is_empty() && !super::foreign::is_asked_for(arguments);
    anyhow::ensure!(
        is_plain,
        "{} is an evidence pack, got an option for another kind of file; verify one of its bundles with --rpc",
        path.display()
    );
    let policy = match &arguments.policy {
        Some(path) => policy_file::read(path)?,
        None => Policy::default(),
    };
    let file = File::open(path).with_context(|| format!("could not read {}", path.display()))?;
    let report = export::pack::verify(BufReader::new(file), &policy)
        .with_context(|| format!("could not read {}", path.display()))?;
    let name = report.item.as_deref().unwrap_or("(no evidence pack could be read)");
    Ok(print_report(arguments.json, ("pack", name), &report))
}
