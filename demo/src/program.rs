//! The product's program `chopmark`, run as an operator runs it.
//!
//! What holds: it is the one in the folder of our own executable, so that both come from the same build.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

/// Where the program is.
///
/// # Errors
///
/// If it was not built.
pub fn path() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("could not find the path of this program")?;
    let path = own.with_file_name("chopmark");
    anyhow::ensure!(
        path.is_file(),
        "{} is missing; `make demo` and `make bench` build it, or `cargo build --workspace --bin chopmark --bin chopmark-demo`",
        path.display()
    );
    Ok(path)
}

/// Runs it in `folder`; gives its exit status and everything that it printed.
///
/// # Errors
///
/// If it cannot be started.
pub fn run(folder: &Path, words: &[&str]) -> anyhow::Result<(i32, String)> {
    let output = Command::new(path()?)
        .args(words)
        .current_dir(folder)
        // Ctrl-C in the terminal reaches only us, and a command that runs for a moment comes to its end.
        .process_group(0)
        .output()
        .context("could not start chopmark")?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned()))
}

/// Runs it in `folder`; gives its standard output.
///
/// # Errors
///
/// If it cannot be started or fails; with what it said.
pub fn output(folder: &Path, words: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(path()?)
        .args(words)
        .current_dir(folder)
        // Ctrl-C in the terminal reaches only us, and a command that runs for a moment comes to its end.
        .process_group(0)
        .output()
        .context("could not start chopmark")?;
    anyhow::ensure!(
        output.status.success(),
        "`chopmark {}` ended with {}: {}",
        words.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Makes the keys of a ledger in the new file `out`; gives its verifier keys.
///
/// # Errors
///
/// If `chopmark keys` fails.
pub fn new_ledger(origin: &str, out: &Path) -> anyhow::Result<Vec<String>> {
    let printed = keys(&["ledger", "--origin", origin, "--out", &out.display().to_string()])?;
    Ok(printed.lines().map(str::to_owned).collect())
}

/// Makes the key of a bridge in the new file `out`; gives its public half in base64.
///
/// # Errors
///
/// If `chopmark keys` fails.
pub fn new_bridge(out: &Path) -> anyhow::Result<String> {
    Ok(keys(&["bridge", "--out", &out.display().to_string()])?.trim().to_owned())
}

/// Makes a partner's token; gives it and its SHA-256, both as hex.
///
/// # Errors
///
/// If `chopmark keys` fails.
pub fn new_token() -> anyhow::Result<(String, String)> {
    let printed = keys(&["partner"])?;
    let value = |name: &str| {
        let line = printed.lines().find_map(|line| line.strip_prefix(name));
        line.map(|value| value.trim().to_owned())
            .with_context(|| format!("`chopmark keys partner` printed no {name}"))
    };
    Ok((value("token ")?, value("token_sha256 ")?))
}

/// Standard output of `chopmark keys …`.
fn keys(words: &[&str]) -> anyhow::Result<String> {
    output(Path::new("."), &[&["keys"], words].concat())
}
