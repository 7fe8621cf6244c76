//! Scripts of pages, from the desk itself only, under names that change with them.
//!
//! What holds: an address names its content, so that a browser may keep it for ever; there is one small script, no page needs it, and only a
//! page that has it lets it run ([`crate::http::guard::script_policy`]).
//!
//! Source: docs/decisions/0097-a-page-that-follows-an-export.md.

use std::sync::LazyLock;

use ledger::hash::sha256;

/// Follows a running export.
pub const PROGRESS: &str = include_str!("../assets/progress.js");
/// Digits of the hash in an address.
const DIGITS: usize = 16;

static VERSION: LazyLock<String> =
    LazyLock::new(|| sha256(PROGRESS.as_bytes()).to_string().chars().take(DIGITS).collect());

/// The address of the script: `/assets/1f0c…/progress.js`.
#[must_use]
pub fn progress_path() -> String {
    format!("/assets/{}/progress.js", *VERSION)
}

/// Whether an address of the script names what it is now.
#[must_use]
pub fn is_now(version: &str) -> bool {
    version == *VERSION
}
