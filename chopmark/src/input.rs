//! What a command is told to read: a file, or standard input where `-` stands for it.
//!
//! Not here: key files and configuration files, which are files only (`keystore`, `process`).

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;

/// Whether `path` stands for standard input.
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What messages call it: the path, or `standard input`.
pub fn name(path: &Path) -> String {
    if is_standard(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// All bytes.
///
/// # Errors
///
/// If it cannot be read; the text names it.
pub fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let read = if is_standard(path) {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    read.with_context(|| format!("could not read {}", name(path)))
}

/// All of it, which must be UTF-8.
///
/// # Errors
///
/// If it cannot be read or is not UTF-8; the text names it.
pub fn text(path: &Path) -> anyhow::Result<String> {
    String::from_utf8(bytes(path)?)
        .map_err(|error| error.utf8_error())
        .with_context(|| format!("{} is not UTF-8", name(path)))
}
