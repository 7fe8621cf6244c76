//! `chopmark reader resend`: resends what ingest refused.

use std::process::ExitCode;

use super::spool_at::SpoolAt;
use crate::terminal::out;

/// Options of `chopmark reader resend`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    spool: SpoolAt,
    /// Only lists what was refused, with ingest's reason, and changes nothing
    #[arg(long)]
    list: bool,
}

/// Puts refused deliveries back into the queue, or lists them.
///
/// # Errors
///
/// If the spool cannot be opened or written.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.list {
        let refused = arguments.spool.look()?.refused()?;
        if refused.is_empty() {
            out!("ingest refused nothing");
        }
        for one in refused {
            out!("{}  delivery {}/{}, {} bytes", one.at, one.boot, one.seq, one.bytes);
            out!("    {}", one.reason);
        }
        return Ok(ExitCode::SUCCESS);
    }
    match arguments.spool.open()?.resend()? {
        0 => out!("ingest refused nothing, so nothing is resent"),
        1 => out!("1 delivery is queued again; the bridge sends it"),
        count => out!("{count} deliveries are queued again; the bridge sends them"),
    }
    Ok(ExitCode::SUCCESS)
}
