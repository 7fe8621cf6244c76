//! `chopmark`: the one command people type.
//!
//! Every subcommand is one file here; it parses its arguments, calls the crate that does the work, and prints the
//! outcome.
//!
//! Exit status: 0 success, 1 refuted or broken, 2 cannot tell or could not run; [`doctor`] returns 0 or 1.

mod anchor_command;
mod audit;
mod database;
mod doctor;
mod event;
mod keys;
mod migrate;
mod reader;
mod role;
mod tag;
mod up;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Signed custody records from RFID readers and sensors, checkable by anyone.
///
/// To see the whole way from a reader's bytes to a proof in a consumer's hand, run `make demo` in the
/// source tree: it plays it on this machine, with a private database and a local chain.
#[derive(Parser)]
#[command(name = "chopmark", version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the processes that a configuration file describes
    Up(up::Arguments),
    /// Brings the database's schema to this version of the program, as the owner of the schema
    Migrate(migrate::Arguments),
    /// Makes a publisher's key, deploys the contract that anchors are published to
    #[command(subcommand)]
    Anchor(anchor_command::Command),
    /// Proves or refutes a bundle, with no network but a chain endpoint if you name one
    Verify(verify::Arguments),
    /// Recomputes every ledger from its rows and names what does not fit
    Audit(audit::Arguments),
    /// Reads and writes EPC tag data
    #[command(subcommand)]
    Epc(tag::Command),
    /// Derives the event hash of an EPCIS event
    #[command(subcommand)]
    Event(event::Command),
    /// Makes and shows keys of ledgers, bridges and partners
    #[command(subcommand)]
    Keys(keys::Command),
    /// Finds, tries and explains readers and sensors
    #[command(subcommand)]
    Reader(reader::Command),
    /// Looks at this machine and says what is missing and how to get it
    Doctor(doctor::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Up(arguments) => up::run(&arguments),
        Command::Migrate(arguments) => migrate::run(&arguments),
        Command::Anchor(command) => anchor_command::run(&command),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Epc(command) => tag::run(&command),
        Command::Event(command) => event::run(&command),
        Command::Keys(command) => keys::run(&command),
        Command::Reader(command) => reader::run(&command),
        Command::Doctor(arguments) => doctor::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("chopmark: {error:#}");
        ExitCode::from(2)
    })
}
