//! `chopmark man`: the manual pages, one for each command and each of its subcommands.
//!
//! What holds: a page says what `--help` says, because both are made from the same text.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap_mangen::Man;

use crate::terminal::{out, problem};

/// Options of `chopmark man`.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  chopmark man /usr/local/share/man/man1     then `man chopmark`, `man chopmark-verify`
  chopmark man pages && man -l pages/chopmark-epc-decode.1")]
pub struct Arguments {
    /// Folder for the pages; it is made if it is not there, and pages of the same names are replaced
    folder: PathBuf,
}

/// Writes the pages of `command` and prints their paths.
///
/// # Errors
///
/// If the folder or a page cannot be written.
pub fn run(arguments: &Arguments, mut command: clap::Command) -> anyhow::Result<ExitCode> {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("could not create {}", folder.display()))?;
    // Options of all commands and the names of the pages are set by this.
    command.build();
    let count = write(&command, folder)?;
    problem!("{count} pages; `man -l {}` shows the first", folder.join("chopmark.1").display());
    Ok(ExitCode::SUCCESS)
}

/// Writes the page of `command` and those below it; returns how many.
fn write(command: &clap::Command, folder: &Path) -> anyhow::Result<usize> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let path = folder.join(format!("{name}.1"));
    let mut page = Vec::new();
    Man::new(command.clone()).title(name.to_uppercase()).manual("Chopmark").render(&mut page)?;
    std::fs::write(&path, page).with_context(|| format!("could not write {}", path.display()))?;
    out!("{}", path.display());
    let mut count = 1;
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        count += write(below, folder)?;
    }
    Ok(count)
}
