//! What a process logs: lines on standard error, as text or JSON, and traces to an OpenTelemetry collector if one is
//! configured.
//!
//! The way through: [`check`] looks at the section; [`start`] installs it for the process and gives a [`Started`],
//! which sends what is not sent yet when it is dropped.
//!
//! What holds: `RUST_LOG` takes precedence over `[log] level` for lines; spans never appear in lines, so the lines are
//! the same with and without a collector; a line that cannot be written is lost and stops nothing.

mod collector;
mod otlp;

use std::io::{self, IsTerminal as _};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::log::{LogFormat, LogSection};
use crate::config::{Problem, Problems};
use crate::log::otlp::Traces;

/// Logging that runs; whoever holds it keeps it until the process has ended its work.
#[derive(Debug)]
#[must_use = "traces are sent until this is dropped"]
pub struct Started {
    _traces: Option<Traces>,
}

/// What is wrong with `[log]`.
///
/// # Errors
///
/// Every problem.
pub fn check(section: &LogSection) -> Result<(), Problems> {
    let mut problems = Problems::default();
    problems.keep(filter(section));
    if let Some(url) = &section.otlp
        && !url.starts_with("http://")
        && !url.starts_with("https://")
    {
        let expected = "the collector's base address, like `http://127.0.0.1:4318`";
        problems.push(Problem::value("[log]", "otlp", format!("`{url}`"), expected));
    }
    problems.unless_any(Some(()))
}

/// Starts logging; called once, at the start of a process.
///
/// - `service`: name of the process at the collector.
///
/// # Errors
///
/// As [`check`].
pub fn start(section: &LogSection, service: &str) -> Result<Started, Problems> {
    check(section)?;
    let lines = lines(section.format, io::stderr().is_terminal()).with_filter(
        // Not the spans: they are for the collector.
        filter(section)?.and(filter_fn(is_event)),
    );
    let traces = section.otlp.as_ref().map(|url| Traces::to(url, service)).transpose();
    let traces = traces.map_err(|error| {
        Problem::value("[log]", "otlp", error, "the address of an OpenTelemetry collector")
    })?;
    let to_collector = traces.as_ref().map(traced);
    tracing_subscriber::registry().with(lines).with(to_collector).init();
    Ok(Started { _traces: traces })
}

/// The filter for lines: `RUST_LOG`, or `[log] level`, or `info`. A `RUST_LOG` that is not a filter is ignored.
fn filter(section: &LogSection) -> Result<EnvFilter, Problem> {
    let level = section.level.as_deref().unwrap_or("info");
    let configured = EnvFilter::try_new(level).map_err(|error| {
        let got = format!("`{level}` ({error})");
        let expected = "error, warn, info, debug, trace or a filter such as `info,ingest=debug`";
        Problem::value("[log]", "level", got, expected)
    })?;
    Ok(EnvFilter::try_from_default_env().unwrap_or(configured))
}

fn lines(format: LogFormat, is_terminal: bool) -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        // On a full disk the line is lost; reporting that on the same disk would panic.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => lines.with_ansi(is_terminal).boxed(),
        LogFormat::Json => lines.json().boxed(),
    }
}

fn is_event(metadata: &Metadata<'_>) -> bool {
    metadata.is_event()
}

/// The layer that sends spans, and warnings and errors within them, to the collector.
fn traced<S>(traces: &Traces) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let is_traced = |metadata: &Metadata<'_>| {
        let level = metadata.level();
        if metadata.is_span() { *level <= Level::INFO } else { *level <= Level::WARN }
    };
    traces.layer().with_filter(filter_fn(is_traced))
}

#[cfg(test)]
mod tests;
