//! `chopmark reader findings`: the findings of a bridge and which settings changed.

use std::process::ExitCode;

use super::spool_at::SpoolAt;
use super::words::{self, LangAt};
use crate::terminal::{self, out};

/// Options of `chopmark reader findings`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    spool: SpoolAt,
    /// Most findings and changes that are shown, newest first
    #[arg(long, default_value_t = 20)]
    count: u32,
    /// Also prints every setting as it is now
    #[arg(long)]
    settings: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    lang: LangAt,
}

/// Prints them.
///
/// # Errors
///
/// If the spool cannot be opened.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let lang = arguments.lang.get();
    let spool = arguments.spool.look()?;
    let findings = spool.findings(arguments.count)?;
    let changes = spool.changes(arguments.count)?;
    let settings = if arguments.settings { spool.settings()? } else { vec![] };
    if arguments.json {
        let settings: Vec<_> = settings
            .iter()
            .map(|(reader, name, value)| {
                serde_json::json!({ "reader": reader, "name": name, "value": value })
            })
            .collect();
        let all = serde_json::json!({
            "findings": findings, "changes": changes, "settings": settings,
        });
        terminal::json(&format!("{all:#}"));
        return Ok(ExitCode::SUCCESS);
    }
    if findings.is_empty() {
        out!("{}", lang.of(words::NO_FINDING));
    }
    for finding in findings {
        let times = match finding.count {
            0 | 1 => String::new(),
            count => format!(", {}", words::times(count, lang)),
        };
        out!("{}  {}  [{}{times}]", short(&finding.last), finding.source, finding.code);
        out!("    {}", finding.text);
        if let Some(remedy) = lang.remedy(&finding.code) {
            out!("    {remedy}");
        }
    }
    if !changes.is_empty() {
        out!();
        out!("{}", lang.of(words::CHANGED));
    }
    for change in changes {
        out!(
            "{}  {}  {}: `{}` -> `{}`",
            short(&change.at),
            change.source,
            change.name,
            change.old,
            change.new
        );
    }
    if arguments.settings {
        out!();
        out!("{}", lang.of(words::SETTINGS));
        for (reader, name, value) in settings {
            out!("{reader}  {name} = {value}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A time to the second.
fn short(time: &str) -> String {
    match time.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => time.to_owned(),
    }
}
