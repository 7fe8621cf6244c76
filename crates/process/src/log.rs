//! Log lines on standard error, as text or JSON.
//!
//! What holds: `RUST_LOG` takes precedence over `[log] level`; a line that cannot be written is lost and stops nothing.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::log::{LogFormat, LogSection};
use crate::config::{Problem, Problems};

/// The filter for log lines: `RUST_LOG`, or `[log] level`, or `info`.
///
/// # Errors
///
/// A [`Problem`] if `[log] level` is not a filter. A `RUST_LOG` that is none is ignored.
pub fn filter(section: &LogSection) -> Result<EnvFilter, Problems> {
    let level = section.level.as_deref().unwrap_or("info");
    let configured = EnvFilter::try_new(level).map_err(|error| {
        let got = format!("`{level}` ({error})");
        let expected = "error, warn, info, debug, trace or a filter such as `info,ingest=debug`";
        Problem::value("[log]", "level", got, expected)
    })?;
    Ok(EnvFilter::try_from_default_env().unwrap_or(configured))
}

/// Starts logging; called once, at the start of a process.
///
/// # Errors
///
/// As [`filter`].
pub fn start(section: &LogSection) -> Result<(), Problems> {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter(section)?)
        .with_writer(std::io::stderr)
        // On a full disk the line is lost; reporting that on the same disk would panic.
        .log_internal_errors(false);
    match section.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}
