//! `chopmark migrate`: brings the database's schema to this version of the program, or says what that would do.
//!
//! What holds: it connects as the owner of the schema and needs no other role's section; running it twice changes
//! nothing the second time; `--plan` changes nothing at all.

use std::path::PathBuf;
use std::process::ExitCode;

use process::config::Installation;
use sql::{Db, Plan};

use crate::database::Database;
use crate::terminal::out;

/// Which database.
#[derive(clap::Args)]
#[command(after_long_help = "\
Run it before the first start and before each new version of the other processes. Make a backup first: a migration is not undone,
going back is restoring that backup with the old program (docs/backup.md).

Examples:
  chopmark migrate --config owner.toml --plan     what would be applied, and how much of the database it reads
  chopmark migrate --config owner.toml            owner.toml: [database] url = \"postgresql://owner@db/chopmark\"
  chopmark up --role ingest --config ingest.toml

The owner's URL is needed here and nowhere else; a process with only its own URL checks the schema's
version at its start. Details: docs/operations.md.

Exit status: 0 the schema is current, or planned; 2 it could not be brought there.")]
pub struct Arguments {
    /// The configuration file; only `[database]` is used
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    /// Says what would be applied and changes nothing
    #[arg(long)]
    plan: bool,
}

/// Migrates.
///
/// # Errors
///
/// If there is no owner's URL, or the migration fails.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let installation = Installation::read(&arguments.config)?;
    let _log = process::log::start(&installation.log, "chopmark-migrate")?;
    let runtime = tokio::runtime::Runtime::new()?;
    if arguments.plan {
        let database = Database::open(&installation)?;
        let settings = database.owner_settings("chopmark migrate")?;
        let plan =
            runtime.block_on(async { Db::connect(&settings).await?.plan_migration().await })?;
        print(&plan);
        return Ok(ExitCode::SUCCESS);
    }
    let database = Database::open(&installation)?;
    runtime.block_on(database.migrate())?;
    out!("the schema is current");
    Ok(ExitCode::SUCCESS)
}

fn print(plan: &Plan) {
    if plan.steps.is_empty() {
        out!("the schema is current: version {}", plan.from);
        return;
    }
    out!("from version {} to {}, in one transaction: all of it or nothing", plan.from, plan.to);
    for step in &plan.steps {
        out!("  {}", step.name);
        for (table, rows, bytes) in &step.tables {
            out!(
                "      {table}: about {rows} rows, {} MiB at most are read or written",
                bytes.div_ceil(1024 * 1024)
            );
        }
    }
    out!(
        "Going back: not by a command. Make a backup now; restoring it with the old program is the way back (docs/backup.md)."
    );
}
