//! `chopmark migrate`: brings the database's schema to this version of the program.
//!
//! What holds: it connects as the owner of the schema and needs no other role's section; running it twice changes
//! nothing the second time.

use std::path::PathBuf;
use std::process::ExitCode;

use process::config::Installation;

use crate::database::Database;
use crate::terminal::out;

/// Which database.
#[derive(clap::Args)]
#[command(after_long_help = "\
Run it before the first start and before each new version of the other processes.

Examples:
  chopmark migrate --config owner.toml     owner.toml: [database] url = \"postgresql://owner@db/chopmark\"
  chopmark up --role ingest --config ingest.toml

The owner's URL is needed here and nowhere else; a process with only its own URL checks the schema's
version at its start. Details: docs/operations.md.

Exit status: 0 the schema is current, 2 it could not be brought there.")]
pub struct Arguments {
    /// The configuration file; only `[database]` is used
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
}

/// Migrates.
///
/// # Errors
///
/// If there is no owner's URL, or the migration fails.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let installation = Installation::read(&arguments.config)?;
    let _log = process::log::start(&installation.log, "chopmark-migrate")?;
    let database = Database::open(&installation)?;
    tokio::runtime::Runtime::new()?.block_on(database.migrate())?;
    out!("the schema is current");
    Ok(ExitCode::SUCCESS)
}
