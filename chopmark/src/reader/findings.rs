//! `chopmark reader findings`: what a bridge found and which settings changed.

use std::process::ExitCode;

use super::SpoolAt;

/// Whose findings.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    spool: SpoolAt,
    /// At most so many of each, newest first
    #[arg(long, default_value_t = 20)]
    count: u32,
    /// Also prints every setting as it is now
    #[arg(long)]
    settings: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Prints them.
///
/// # Errors
///
/// If the spool cannot be opened.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
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
        println!("{all:#}");
        return Ok(ExitCode::SUCCESS);
    }
    if findings.is_empty() {
        println!("nothing was found that somebody should know");
    }
    for finding in findings {
        let times =
            if finding.count > 1 { format!(", {} times", finding.count) } else { String::new() };
        println!("{}  {}  [{}{times}]", short(&finding.last), finding.source, finding.code);
        println!("    {}", finding.text);
    }
    if !changes.is_empty() {
        println!();
        println!("settings that changed:");
    }
    for change in changes {
        println!(
            "{}  {}  {}: `{}` -> `{}`",
            short(&change.at),
            change.source,
            change.name,
            change.old,
            change.new
        );
    }
    if arguments.settings {
        println!();
        println!("settings now:");
        for (reader, name, value) in settings {
            println!("{reader}  {name} = {value}");
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
