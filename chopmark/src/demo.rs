//! `chopmark demo`: plays the whole way, from a reader's bytes to a proof in a consumer's hand.
//!
//! The way through: [`world`] starts what stands around (database, broker, chain) and the processes of
//! production; [`scene`] plays eight steps on them, each with checks; [`tell`] says what happens.
//!
//! What holds: devices are simulated at the wire and nothing else; every check that is printed was made; exit
//! status 0 only if all held; no process is left behind.

/// Prints a line; a reader that went away is no reason to end in a panic with processes running.
macro_rules! out {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout(), $($words)*).ok();
    }};
}

mod documents;
mod files;
mod scene;
mod site;
mod tell;
pub mod web;
pub mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// Set when the demo is told to stop; every wait looks at it.
static STOP: AtomicBool = AtomicBool::new(false);

/// Whether the demo was told to stop.
fn is_stopped() -> bool {
    STOP.load(Ordering::SeqCst)
}

/// Plays the demo.
///
/// # Errors
///
/// If something needed is missing or a check does not hold; with what to do.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let signals =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    signals.spawn(async {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            STOP.store(true, Ordering::SeqCst);
        }
    });
    let data = std::path::absolute(&arguments.data)?;
    match scene::play(&data, arguments.once) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(_) if is_stopped() => {
            out!("\nstopped before its end");
            Ok(ExitCode::from(130))
        }
        Err(error) => {
            eprintln!("\nchopmark demo: {error:#}");
            Ok(ExitCode::from(1))
        }
    }
}
