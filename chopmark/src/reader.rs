//! `chopmark reader`: finds, tries and explains readers and sensors.
//!
//! Each subcommand is one file below; all of them call `firmware-bridge` and print what came of it. [`screen`]
//! paints what changes; [`words`] has two languages.

mod detect;
mod findings;
mod live;
mod replay;
mod resend;
mod screen;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use firmware_bridge::spool::Spool;
use process::config::Installation;
use process::config::bridge::FirmwareBridgeSection;

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Lists serial ports by names that last, greets LLRP hosts, shows the topics of a broker
    ///
    /// Nothing is written to any device unless you say --ask: what one device takes as a question may
    /// switch another.
    Detect(detect::Arguments),
    /// Shows live reads of one reader, or readings of one sensor, in this terminal
    ///
    /// Example: chopmark reader test --device 'r200 = { port = "/dev/ttyUSB0" }'
    /// Example: chopmark reader test --config bridge.toml --reader door-3
    Test(live::Arguments),
    /// Settles a kept raw window again and compares the deliveries byte for byte
    ///
    /// Exit status 0: the same bytes; 1: others; 2: cannot tell.
    Replay(replay::Arguments),
    /// Puts deliveries that ingest refused back into the queue, whole, once the cause is mended
    ///
    /// What ingest answers with 413 or 422 is set aside with ingest's reason, so that it holds up
    /// nobody, and is kept until you send it again. A bridge that runs takes it up at once, behind
    /// what waits.
    ///
    /// Example: chopmark reader resend --list    # what was refused, when and why
    /// Example: chopmark reader resend           # sends all of it again
    #[command(verbatim_doc_comment)]
    Resend(resend::Arguments),
    /// Shows what a bridge found (lost cables, missing antennas, gaps) and which settings changed
    Findings(findings::Arguments),
}

/// Where a bridge keeps its spool.
#[derive(clap::Args)]
pub struct SpoolAt {
    /// The bridge's configuration file, which names the spool
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml", conflicts_with = "spool")]
    config: PathBuf,
    /// The spool itself
    #[arg(long, value_name = "FILE")]
    spool: Option<PathBuf>,
}

impl SpoolAt {
    /// Opens the spool to look at it; a bridge that runs is not disturbed.
    fn look(&self) -> anyhow::Result<Spool> {
        let path = self.path()?;
        Spool::look(&path).with_context(|| format!("could not open the spool {}", path.display()))
    }

    /// Opens the spool to change it; one that is not there is not made.
    fn open(&self) -> anyhow::Result<Spool> {
        drop(self.look()?);
        let path = self.path()?;
        Spool::open(&path).with_context(|| format!("could not open the spool {}", path.display()))
    }

    fn path(&self) -> anyhow::Result<PathBuf> {
        match &self.spool {
            Some(path) => Ok(path.clone()),
            None => spool_of(&self.config),
        }
    }
}

fn spool_of(config: &Path) -> anyhow::Result<PathBuf> {
    let installation = Installation::read(config)?;
    let section = bridge_section(&installation)?;
    Ok(firmware_bridge::config::spool(&installation, section))
}

/// The bridge's section of the file.
fn bridge_section(installation: &Installation) -> anyhow::Result<&FirmwareBridgeSection> {
    installation.firmware_bridge.as_ref().with_context(|| {
        format!("{}: got no [firmware_bridge], expected one", installation.path.display())
    })
}

/// Runs the command.
///
/// # Errors
///
/// If it could not do its work; what it found is in the exit status.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Detect(arguments) => detect::run(arguments),
        Command::Test(arguments) => live::run(arguments),
        Command::Replay(arguments) => replay::run(arguments),
        Command::Resend(arguments) => resend::run(arguments),
        Command::Findings(arguments) => findings::run(arguments),
    }
}
