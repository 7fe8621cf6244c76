//! `chopmark doctor`: looks at this machine, and at an installation: configuration, keys, clock, database, chain, disk,
//! ports; names what is wrong and what to do about it.
//!
//! The way through: without a configuration file only [`machine`] is looked at; with one, each file below `doctor/` looks at
//! one thing and gives [`Check`]s, which are printed as they come.
//!
//! What holds: nothing is changed: no file is written, no lock taken, no cluster started, nothing sent but questions; no
//! password and no key is printed; each finding names its remedy.

mod chain;
mod check;
mod clock;
mod database;
mod disk;
mod keys;
mod machine;
mod ports;
mod scanner;

use std::path::PathBuf;
use std::process::ExitCode;

use process::config::Problem;

use self::check::{Check, State};
use crate::configuration::Checked;
use crate::terminal::{self, out};

/// Options of `chopmark doctor`.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  chopmark doctor                                    this machine, before the first installation
  chopmark doctor --config chopmark.toml             the installation that the file describes
  chopmark doctor --config chopmark.toml --offline   the same without asking endpoints of the chain
  chopmark doctor --config chopmark.toml --json      {\"checks\":[{\"check\",\"state\",\"found\",\"remedy\"}],\"well\"}

With a file it looks at: what `chopmark config check` finds; each key file, its mode, whether it is encrypted; the clock, against
the database's and the chain's latest block; the database of each role (reachable, version, migrations, rights); each endpoint
of the chain (answers, chain id), the contract's code, the publisher's balance; free space where the spool and the database
are (from 70 % used it warns, from 90 % it fails); whether each address is free or already served by Chopmark.

It changes nothing, and may run beside the processes. Run it as the user of the processes: what that user may read counts.

Exit status: 0 nothing failed, 1 something did; warnings do not count.")]
pub struct Arguments {
    /// Folder that is to hold the data, where there is no configuration file yet. Default: /var/lib/chopmark where the
    /// package is installed, else this folder
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The configuration file of the installation
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Asks no endpoint of the chain
    #[arg(long)]
    offline: bool,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints every check; exit status 1 if something failed.
///
/// # Errors
///
/// If the runtime for the database's questions cannot be started.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let checks = match &arguments.config {
        None => machine::before(arguments.data.as_deref(), &machine::Packaged::default()),
        Some(path) => installation(&Checked::read(path, &[]), path, arguments.offline)?,
    };
    let is_well = checks.iter().all(|check| check.state != State::Failed);
    if arguments.json {
        let all: Vec<serde_json::Value> = checks.iter().map(Check::to_json).collect();
        let report = serde_json::json!({ "checks": all, "well": is_well });
        terminal::json(&report.to_string());
    } else {
        checks.iter().for_each(Check::print);
        out!();
        out!("{}", summary(&checks, arguments.config.is_some()));
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Everything about an installation.
fn installation(
    checked: &Checked,
    path: &std::path::Path,
    offline: bool,
) -> anyhow::Result<Vec<Check>> {
    let mut checks = Vec::new();
    if checked.problems.is_empty() {
        checks.push(Check::ok("configuration", format!("{}: nothing is wrong", path.display())));
    }
    for problem in checked.problems.iter() {
        let remedy =
            format!("correct {}, then: chopmark config check --config {0}", path.display());
        checks.push(Check::failed("configuration", one_line(problem), remedy));
    }
    let installation = &checked.installation;
    checks.extend(machine::needed(installation));
    checks.extend(keys::look(installation));
    let runtime = tokio::runtime::Runtime::new()?;
    let seen = runtime.block_on(database::look(installation, &checked.roles));
    checks.extend(seen.checks);
    let chain = chain::look(installation, offline);
    checks.extend(chain.checks);
    checks.extend(clock::look(installation, &seen.clocks, &chain.clocks));
    checks.extend(disk::look(installation));
    checks.extend(ports::look(installation));
    checks.extend(scanner::look(installation));
    Ok(checks)
}

/// A problem in one line.
fn one_line(problem: &Problem) -> String {
    problem.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn summary(checks: &[Check], has_file: bool) -> String {
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    let (failed, warnings) = (count(State::Failed), count(State::Warning));
    match (failed, warnings, has_file) {
        (0, 0, true) => "Everything is well.".to_owned(),
        (0, 0, false) => {
            "Everything that the processes need is available. `chopmark init FOLDER` writes an installation; in the source tree, \
             `make demo` plays the whole way."
                .to_owned()
        }
        (0, warnings, _) => format!("Nothing failed; {warnings} to look at."),
        (failed, 0, _) => format!("{failed} failed; the lines above say what to do."),
        (failed, warnings, _) => {
            format!("{failed} failed, {warnings} to look at; the lines above say what to do.")
        }
    }
}
