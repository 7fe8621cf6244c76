//! The policy file that `verify` and `audit` are given: whose signatures count.

use std::path::Path;

use anyhow::Context as _;
use ledger::policy::Policy;

/// Reads the policy at `path`.
///
/// # Errors
///
/// If it cannot be read, or a line is not understood; with the line.
pub fn read(path: &Path) -> anyhow::Result<Policy> {
    std::fs::read_to_string(path)
        .with_context(|| format!("could not read {}", path.display()))?
        .parse()
        .with_context(|| format!("{} is not a usable policy", path.display()))
}
