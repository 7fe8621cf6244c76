//! `chopmark reader resend`: resends what ingest refused.

use std::process::ExitCode;

use super::spool_at::SpoolAt;

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
            println!("ingest refused nothing");
        }
        for one in refused {
            println!("{}  delivery {}/{}, {} bytes", one.at, one.boot, one.seq, one.bytes);
            println!("    {}", one.reason);
        }
        return Ok(ExitCode::SUCCESS);
    }
    match arguments.spool.open()?.resend()? {
        0 => println!("ingest refused nothing, so nothing is resent"),
        1 => println!("1 delivery is queued again; the bridge sends it"),
        count => println!("{count} deliveries are queued again; the bridge sends them"),
    }
    Ok(ExitCode::SUCCESS)
}
