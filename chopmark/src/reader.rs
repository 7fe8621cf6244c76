//! `chopmark reader`: finds and tests readers and sensors, and shows what a bridge keeps of them.
//!
//! Each subcommand is one file below; all of them call `firmware-bridge` and print the outcome. [`screen`] repaints a few
//! lines of the terminal; [`words`] has two languages.

mod block;
mod detect;
mod findings;
mod live;
mod readout;
mod replay;
mod resend;
mod screen;
mod spool_at;
mod words;

use std::process::ExitCode;

use clap::Subcommand;

/// Subcommands of `chopmark reader`.
#[derive(Subcommand)]
pub enum Command {
    /// Lists serial ports by lasting names, connects to LLRP hosts, shows the topics of a broker
    ///
    /// Nothing is written to a serial device without --ask: a query that one device answers may switch
    /// another on or off.
    ///
    /// What it finds is printed as a block for the bridge's configuration, to append with >> or to paste.
    ///
    /// Example: chopmark reader detect                              # the serial ports
    /// Example: chopmark reader detect --ask /dev/ttyUSB0           # which device is it?
    /// Example: chopmark reader detect --mqtt broker.example:1883   # which topics are there?
    #[command(verbatim_doc_comment)]
    Detect(detect::Arguments),
    /// Shows live reads of one reader, or readings of one sensor, in this terminal
    ///
    /// Example: chopmark reader test --device 'r200 = { port = "/dev/ttyUSB0" }'
    /// Example: chopmark reader test --config bridge.toml --reader door-3
    #[command(verbatim_doc_comment)]
    Test(live::Arguments),
    /// Settles a stored raw window again and compares the deliveries byte for byte
    ///
    /// Exit status 0: the same bytes; 1: different bytes; 2: cannot tell.
    ///
    /// Example: chopmark reader replay --list    # the windows that are stored
    /// Example: chopmark reader replay 4711      # one of them
    #[command(verbatim_doc_comment)]
    Replay(replay::Arguments),
    /// Puts deliveries that ingest refused back into the queue, unchanged, once the cause is removed
    ///
    /// What ingest answers with 413 or 422 is set aside with ingest's reason, so that it delays no
    /// other delivery, and is kept until you send it again. A running bridge sends it at once, after
    /// what already waits.
    ///
    /// Example: chopmark reader resend --list    # what was refused, when and why
    /// Example: chopmark reader resend           # sends all of it again
    #[command(verbatim_doc_comment)]
    Resend(resend::Arguments),
    /// Shows the findings of a bridge (lost cables, missing antennas, gaps) and which settings changed
    ///
    /// Example: chopmark reader findings --config bridge.toml --settings
    #[command(verbatim_doc_comment)]
    Findings(findings::Arguments),
}

/// Runs the command.
///
/// # Errors
///
/// If it could not run; its outcome is the exit status.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Detect(arguments) => detect::run(arguments),
        Command::Test(arguments) => live::run(arguments),
        Command::Replay(arguments) => replay::run(arguments),
        Command::Resend(arguments) => resend::run(arguments),
        Command::Findings(arguments) => findings::run(arguments),
    }
}
