//! `chopmark reader replay`: settles a stored window again and compares.

use std::process::ExitCode;

use firmware_bridge::replay::{ReplayError, replay};
use firmware_bridge::spool::Spool;

use super::spool_at::SpoolAt;
use crate::terminal::{self, out};

/// Options of `chopmark reader replay`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Number or digest of the window; a record's evidence names the digest. All windows without reads have the same
    /// one: of these the newest is shown
    #[arg(required_unless_present = "list")]
    window: Option<String>,
    #[command(flatten)]
    spool: SpoolAt,
    /// Lists the windows that are stored, newest first
    #[arg(long)]
    list: bool,
    /// Prints the deliveries themselves
    #[arg(long)]
    show: bool,
}

/// Settles again and compares: status 0 the same bytes, 1 different bytes, 2 cannot tell.
///
/// # Errors
///
/// If the spool cannot be opened or the window is not stored.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let spool = arguments.spool.look()?;
    if arguments.list {
        return list(&spool);
    }
    let name = arguments.window.as_deref().unwrap_or_default();
    let replayed = match replay(&spool, name) {
        Err(error @ ReplayError::Raw { .. }) => {
            out!(
                "{error}: {}",
                std::error::Error::source(&error).map_or(String::new(), ToString::to_string)
            );
            return Ok(ExitCode::FAILURE);
        }
        other => other?,
    };
    let same = spool.windows_with(name)?;
    if same > 1 {
        out!(
            "{same} windows have this digest, as all without reads do; this is the newest. `--list` shows the \
             numbers; a record's evidence also names boot and sequence, to compare with the delivery"
        );
    }
    let closing = &replayed.window.closing;
    out!("window      {} of reader {}", replayed.window.window, closing.reader);
    out!("from        {}", closing.opened);
    out!("to          {}", closing.closed);
    out!("raw reads   {}, digest {}", replayed.reads, replayed.digest);
    for made in &replayed.deliveries {
        let verdict = match &made.delivered {
            Some(_) if made.is_same() => "the same bytes as delivered",
            Some(_) => "DIFFERENT bytes than delivered",
            None => "NOT among what was delivered",
        };
        out!(
            "delivery    {}/{}: {} observations, {} movements, {} readings: {verdict}",
            made.delivery.boot,
            made.delivery.seq,
            made.delivery.observations.len(),
            made.delivery.movements.len(),
            made.delivery.sensors.len()
        );
        out!("            SHA-256 {}", made.digest);
        if arguments.show {
            terminal::json(&serde_json::to_string_pretty(&made.delivery)?);
        }
    }
    let missing = replayed.window.delivered.len().saturating_sub(replayed.deliveries.len());
    if missing > 0 {
        out!("{missing} deliveries that were made of this window are not reproduced now");
    }
    if replayed.deliveries.is_empty() && missing == 0 {
        out!("nothing was delivered of this window, and nothing is reproduced: no tag moved");
    }
    Ok(if replayed.is_same() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints the windows that are stored, newest first.
fn list(spool: &Spool) -> anyhow::Result<ExitCode> {
    let windows = spool.last_windows(50)?;
    if windows.is_empty() {
        out!("no window is stored; one closes when its read point was quiet for a while");
    }
    for (window, reader, closed, digest) in windows {
        out!("{window:>8}  {closed}  {reader}  {digest}");
    }
    Ok(ExitCode::SUCCESS)
}
