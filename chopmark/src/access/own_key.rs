//! The key of whoever takes a step with a command: from a file, or from standard input, so that no list of processes shows it.
//!
//! Not here: whose key it is and what it may do (`gate`).

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;

use crate::input;

/// Most bytes of a key on standard input.
const MOST: u64 = 1024;

/// Reads a key.
///
/// # Errors
///
/// If the file cannot be read, or others can read it too.
pub fn read(file: &Path) -> anyhow::Result<String> {
    if input::is_standard(file) {
        let mut text = String::new();
        let read = std::io::stdin().lock().take(MOST).read_to_string(&mut text);
        read.context("could not read a key from standard input")?;
        return Ok(text);
    }
    let text = keystore::private::read(file)?;
    Ok(text.trim().to_owned())
}
