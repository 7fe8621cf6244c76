//! `chopmark-demo play`: plays the whole way, from a reader's bytes to a proof in a consumer's hand.
//!
//! The way through: [`stage`] starts the surroundings (database, broker, chain) and the processes of production;
//! [`scene`] plays eight steps on them, each with checks; [`voice`] prints what happens.
//!
//! What holds: only devices, broker and chain are simulated; a check is printed after it was made; exit status 0 only
//! if all held; no process is left behind.

mod documents;
mod files;
mod parties;
mod scene;
mod site;
mod stage;
pub mod stop;
mod voice;

use std::path::PathBuf;
use std::process::ExitCode;

/// How to play.
#[derive(clap::Args)]
pub struct Arguments {
    /// Ends after the last check, with status 0 if all held; otherwise the pages stay up until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Folder for the data; emptied if an earlier demo made it
    #[arg(long, env = "CHOPMARK_DATA", default_value = "./var/demo")]
    data: PathBuf,
}

/// Plays the demo.
///
/// # Errors
///
/// If something needed is missing or a check does not hold; with what to do.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let _signals = stop::listen()?;
    let data = std::path::absolute(&arguments.data)?;
    match scene::play(&data, arguments.once) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(_) if stop::is_requested() => {
            out!("\nstopped before its end");
            Ok(ExitCode::from(130))
        }
        Err(error) => {
            eprintln!("\nchopmark-demo: {error:#}");
            Ok(ExitCode::from(1))
        }
    }
}
