//! The policy file that `verify` and `audit` are given: whose signatures count.

use std::path::Path;

use anyhow::Context as _;
use ledger::policy::Policy;

use crate::input;

/// Reads the policy at `path`; `-` is standard input.
///
/// # Errors
///
/// If it cannot be read, or a line is not understood; with the line.
pub fn read(path: &Path) -> anyhow::Result<Policy> {
    input::text(path)?
        .parse()
        .with_context(|| format!("{} is not a usable policy", input::name(path)))
}
