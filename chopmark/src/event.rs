//! `chopmark event`: prints the event hash of the Core Business Vocabulary.
//!
//! Not here: validation and hashing (`epcis`).

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use epcis::hash::{Dialect, event_hash, pre_hash};

use crate::terminal::{out, problem};

/// Subcommands of `chopmark event`.
#[derive(Subcommand)]
pub enum Command {
    /// Prints the event hash of every event in an EPCIS 2.0 JSON file
    ///
    /// The hash is a derived identifier: two dialects give two hashes, and no ledger depends on it.
    ///
    /// Example: chopmark event hash shipment.jsonld --pre-hash
    Hash {
        /// An EPCISDocument or a bare event, JSON-LD
        file: PathBuf,
        /// `cbv2.0-2026` or `cbv2.0-2025`
        #[arg(long, default_value_t = Dialect::default())]
        dialect: Dialect,
        /// Prints the text that is hashed as well
        #[arg(long)]
        pre_hash: bool,
    },
}

/// Runs the command.
///
/// # Errors
///
/// If the file cannot be read. An invalid document is not an error: its violations are printed, and the exit code
/// is 1.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Hash { file, dialect, pre_hash: show } = command;
    let bytes =
        std::fs::read(file).with_context(|| format!("could not read {}", file.display()))?;
    let document = match epcis::Document::parse(&bytes) {
        Ok(document) => document,
        Err(violations) => {
            problem!("{} is not a valid EPCIS 2.0 document:", file.display());
            for violation in violations {
                problem!(
                    "  {}: {}, got `{}`, expected {}",
                    violation.pointer,
                    violation.problem,
                    violation.value,
                    violation.expected
                );
            }
            return Ok(ExitCode::from(1));
        }
    };
    for event in document.events() {
        if *show {
            out!("{}", pre_hash(event, *dialect)?);
        }
        out!("{}", event_hash(event, *dialect)?);
    }
    Ok(ExitCode::SUCCESS)
}
