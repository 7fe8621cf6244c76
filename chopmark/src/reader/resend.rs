//! `chopmark reader resend`: resends what ingest refused.

use std::process::ExitCode;

use super::spool_at::SpoolAt;
use super::words::{self, LangAt};
use crate::terminal::out;

/// Options of `chopmark reader resend`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    spool: SpoolAt,
    /// Only lists what was refused, with ingest's reason, and changes nothing
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    lang: LangAt,
}

/// Puts refused deliveries back into the queue, or lists them.
///
/// # Errors
///
/// If the spool cannot be opened or written.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let lang = arguments.lang.get();
    if arguments.list {
        let refused = arguments.spool.look()?.refused()?;
        if refused.is_empty() {
            out!("{}", lang.of(words::REFUSED_NOTHING));
        }
        for one in refused {
            out!("{}  delivery {}/{}, {} bytes", one.at, one.boot, one.seq, one.bytes);
            out!("    {}", one.reason);
        }
        return Ok(ExitCode::SUCCESS);
    }
    out!("{}", words::resent(arguments.spool.open()?.resend()?, lang));
    Ok(ExitCode::SUCCESS)
}
