//! `chopmark config`: says everything that is wrong with a configuration file, before anything is started with it.
//!
//! What holds: nothing is changed, started or connected to; what is printed holds no password and no key.
//!
//! Not here: the checks ([`crate::configuration`]); the machine and the servers that the file names ([`crate::doctor`]).

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum as _};
use process::config::{Problem, Problems};

use crate::configuration::Checked;
use crate::role::Role;
use crate::terminal::{self, out};

/// Subcommands of `chopmark config`.
#[derive(Subcommand)]
pub enum Command {
    /// Says everything that is wrong with a configuration file, each with its line and what was expected
    ///
    /// It reads the file and every file that it names: keys (their permissions, and whether they are the ledger's), policy,
    /// site rules, JSON mappings, names of products and places, certificates. Nothing is started, no database is asked and
    /// nothing is changed; `chopmark doctor` looks at the machine and at the servers.
    #[command(after_help = "\
Examples:
  chopmark config check --config chopmark.toml
  chopmark config check --role ingest           only what ingest needs, with the keys that its user may read
  chopmark config check --json                  {\"file\",\"roles\",\"problems\":[{\"file\",\"line\",\"column\",\"section\",\"key\",\"problem\",…}]}

What a line looks like:
  chopmark.toml, line 12, column 1: [ingest] lisen: unknown field `lisen`, …; did you mean `listen`?

Exit status: 0 nothing is wrong, 1 something is.")]
    Check(CheckArguments),
}

/// Which file.
#[derive(clap::Args)]
pub struct CheckArguments {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    /// Checks what this role needs; may be given several times. Default: every role with a section in the file
    #[arg(long, value_enum)]
    role: Vec<Role>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// None: what cannot be read is a problem of the file.
#[expect(clippy::unnecessary_wraps, reason = "all subcommands have one shape")]
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Check(arguments) = command;
    let checked = Checked::read(&arguments.config, &arguments.role);
    if arguments.json {
        print_json(arguments, &checked);
    } else {
        print(arguments, &checked);
    }
    Ok(ExitCode::from(u8::from(!checked.problems.is_empty())))
}

fn print(arguments: &CheckArguments, checked: &Checked) {
    let file = arguments.config.display();
    for problem in checked.problems.iter() {
        print_problem(problem);
    }
    match checked.problems.len() {
        0 if checked.roles.is_empty() => {
            out!(
                "{file}: nothing is wrong; it has no section of a process, so `chopmark up` has nothing to run"
            );
        }
        0 => out!("{file}: nothing is wrong; it describes {}", names(&checked.roles).join(", ")),
        1 => out!("{file}: 1 problem"),
        count => out!("{file}: {count} problems"),
    }
}

/// Prints a problem; its further lines, as a rule file's are, are indented.
fn print_problem(problem: &Problem) {
    for (number, line) in problem.to_string().lines().enumerate() {
        out!("{}{line}", if number == 0 { "" } else { "  " });
    }
}

fn print_json(arguments: &CheckArguments, checked: &Checked) {
    let problems: Vec<serde_json::Value> =
        Problems::iter(&checked.problems).map(Problem::to_json).collect();
    let report = serde_json::json!({
        "file": arguments.config.display().to_string(),
        "roles": names(&checked.roles),
        "problems": problems,
    });
    terminal::json(&report.to_string());
}

/// The roles, as `--role` takes them.
fn names(roles: &[Role]) -> Vec<String> {
    roles.iter().filter_map(|role| Some(role.to_possible_value()?.get_name().to_owned())).collect()
}
