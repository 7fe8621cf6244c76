//! `chopmark directory`: who is who and who may say what, as signed records of a ledger.
//!
//! The way through: `key` makes a person's key, `init` writes the first records and prints the line that verifiers pin;
//! after that a record is proposed, approved by others, and appended as soon as its approvals suffice.
//!
//! What holds: nothing is appended that a replay would refuse; every append writes a state record and a signed
//! checkpoint with it; keys of people are read from files and never stored.
//!
//! Not here: the rules (`directory`), loading and appending (`history::directory`).

mod act;
pub mod files;
mod gln;
mod install;
pub mod place;
mod propose;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use self::place::{Reading, Writing};

/// Subcommands of `chopmark directory`.
#[derive(Subcommand)]
pub enum Command {
    /// Makes the signing key of a person, in a file that only its owner can read, and prints its public key
    ///
    /// Example: chopmark directory key bamboo-spring/lin --out lin.pem
    Key {
        /// Name of the person: letters, digits and `._/-`
        holder: String,
        /// File for the secret key; must not exist yet
        #[arg(long)]
        out: PathBuf,
    },
    /// Writes the first records of a small installation and prints the line that verifiers pin
    ///
    /// One person holds every office, and prefixes are stated by the party itself (grade C). Further people come with
    /// root version 2. A file for `--more` describes one further party:
    /// `{"id":"shop","name":"Shop","admins":["shop.pem"],"ledgers":["till.pem"],"prefixes":["4012345"]}`, and if needed
    /// `pgln`, `sites` and `bridges` with `name`, `key`, `ledger`, `read_points` each.
    ///
    /// Example: chopmark directory init --origin who.example/1 --keys who.pem --key lin.pem --hub hub.pem
    /// --party bamboo-spring --name "Bamboo Spring" --ledger factory.pem --prefix 952114112
    Init(Box<install::Arguments>),
    /// Proposes a record and signs it; it is appended if these signatures suffice
    ///
    /// The file is the record as JSON; `seq`, `prev`, `evidence` and, but for a revocation, `subject` may be left out:
    /// `{"kind":"prefix","digits":"952114112","party":"bamboo-spring","grade":"C","from":"2026-11-01T00:00:00Z",
    /// "until":"2027-11-01T00:00:00Z"}`
    ///
    /// Example: chopmark directory propose prefix.json --key lin.pem --policy policy.txt --keys who.pem
    Propose {
        /// The record, JSON
        file: PathBuf,
        /// Keys of people who sign; one or more
        #[arg(long, required = true)]
        key: Vec<PathBuf>,
        #[command(flatten)]
        writing: Writing,
    },
    /// Signs a proposal; it is appended if its signatures suffice
    ///
    /// Example: chopmark directory approve 3 --key wu.pem --policy policy.txt --keys who.pem
    Approve {
        /// Number of the proposal
        id: i64,
        /// Key of the person who signs
        #[arg(long)]
        key: PathBuf,
        #[command(flatten)]
        writing: Writing,
    },
    /// Records what people did outside of the database: keys made, a backup restored, something deleted
    ///
    /// `finding resolve --keys` records what it does by itself. Acts are shown by `directory show act/PARTY`.
    ///
    /// Example: chopmark directory act --kind restore --party bamboo-spring --subject backup/2026-11-20
    /// --reason "the disk failed" --key lin.pem --policy policy.txt --keys who.pem
    Act(Box<act::Arguments>),
    /// Gives up a proposal; it is kept, and no longer waits
    ///
    /// Example: chopmark directory withdraw 3 --policy policy.txt
    Withdraw {
        /// Number of the proposal
        id: i64,
        #[command(flatten)]
        reading: Reading,
    },
    /// Lists the proposals that wait, who signed them, and what each needs
    ///
    /// With --json a list of objects: `id`, `proposed_at`, `state` (`waits`, `complete`: approve it once more to append it, `broken`: it
    /// cannot be appended any more), `needs` (why it waits or is broken, else null), `signed_by` (a list of names), `record` (an object).
    ///
    /// Example: chopmark directory pending --policy policy.txt --json
    Pending {
        /// Prints JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        reading: Reading,
    },
    /// Shows every subject, or one with all its intervals
    ///
    /// With --json a list of objects: `subject`, `records` (how many), `last` (the hash of the newest), `value` (its intervals, a
    /// party's acts, or the root in force; null for states).
    ///
    /// Example: chopmark directory show party/bamboo-spring --policy policy.txt --json
    Show {
        /// `root`, `party/…`, `keyset/…`, `device/…`, `prefix/…`, `grant/…`, `power/…`, `suspend/…`, `act/…`
        subject: Option<String>,
        /// Prints JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        reading: Reading,
    },
    /// Writes a new state record, so that verifiers can tell for some more days what holds today
    ///
    /// Example: chopmark directory refresh --policy policy.txt --keys who.pem
    Refresh {
        #[command(flatten)]
        writing: Writing,
    },
    /// Writes the policy that follows from the directory, and a proof of its entries
    ///
    /// Example: chopmark directory export --policy policy.txt --out exported --want prefix/952114112345
    Export {
        /// Folder for `policy.txt` and `directory-proof.json`
        #[arg(long)]
        out: PathBuf,
        /// Keys to prove; every ledger and prefix if none is given
        #[arg(long)]
        want: Vec<String>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Replays the directory of the database, or checks a proof without any server
    ///
    /// Example: chopmark directory verify exported/directory-proof.json --policy policy.txt
    Verify {
        /// A proof that `export` wrote; the database is checked if there is none
        proof: Option<PathBuf>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Prints a signed approval of an event, for the two-person rule of recalls
    ///
    /// Example: chopmark directory approve-event --key lin.pem --ledger brand.example/recalls recall.json
    ApproveEvent {
        /// Key of the person who approves
        #[arg(long)]
        key: PathBuf,
        /// Ledger that the event will be recorded in
        #[arg(long)]
        ledger: String,
        /// The event, EPCIS 2.0 JSON
        event: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
///
/// If a file or the database cannot be read, or a record is not accepted.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    match command {
        Command::Key { holder, out } => files::new_holder(holder, out)?,
        Command::Init(arguments) => runtime.block_on(install::run(arguments))?,
        Command::Propose { file, key, writing } => {
            runtime.block_on(propose::propose(file, key, writing))?;
        }
        Command::Approve { id, key, writing } => {
            runtime.block_on(propose::approve(*id, key, writing))?;
        }
        Command::Act(arguments) => runtime.block_on(act::run(arguments))?,
        Command::Withdraw { id, reading } => runtime.block_on(propose::withdraw(*id, reading))?,
        Command::Pending { json, reading } => {
            runtime.block_on(propose::pending(*json, reading))?;
        }
        Command::Show { subject, json, reading } => {
            runtime.block_on(show::show(subject.as_deref(), *json, reading))?;
        }
        Command::Refresh { writing } => runtime.block_on(propose::refresh(writing))?,
        Command::Export { out, want, reading } => {
            runtime.block_on(show::export(out, want, reading))?;
        }
        Command::Verify { proof: Some(proof), reading } => {
            return show::verify_file(proof, reading);
        }
        Command::Verify { proof: None, reading } => {
            return runtime.block_on(show::verify_database(reading));
        }
        Command::ApproveEvent { key, ledger, event } => files::approve_event(key, ledger, event)?,
    }
    Ok(ExitCode::SUCCESS)
}
