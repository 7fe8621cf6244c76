//! `chopmark directory show`, `export`, `verify`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use directory::Directory;
use history::directory::load;
use ledger::directory::{DirectoryProof, verify_proof};
use ledger::json::{Json, Limits, object};

use super::files;
use super::place::Reading;
use crate::terminal::{self, out};

pub async fn show(subject: Option<&str>, json: bool, reading: &Reading) -> anyhow::Result<()> {
    let (open, policy) = (reading.open().await?, reading.policy()?);
    let directory = load(&open.db, &policy).await?.directory;
    let all = directory.subjects();
    let shown: Vec<_> =
        all.iter().filter(|view| subject.is_none_or(|subject| view.subject == subject)).collect();
    anyhow::ensure!(
        !shown.is_empty(),
        "the directory has no subject `{}`",
        subject.unwrap_or_default()
    );
    if json {
        let views = shown.iter().map(|view| {
            let value = view
                .value
                .as_deref()
                .and_then(|text| ledger::json::parse(text.as_bytes(), &Limits::default()).ok());
            object([
                ("subject", Json::from(view.subject.as_str())),
                ("records", Json::from(view.records)),
                ("last", Json::from(view.last.to_string())),
                ("value", value.unwrap_or(Json::Null)),
            ])
        });
        terminal::json(&Json::Array(views.collect()).canonical());
        return Ok(());
    }
    for view in shown {
        out!("{}  ({} records)", view.subject, view.records);
        if let (Some(value), Some(_)) = (&view.value, subject) {
            out!("  {value}");
        }
    }
    print_times(&directory);
    Ok(())
}

fn print_times(directory: &Directory) {
    if let (Some(root), Some(state)) = (directory.root(), directory.state()) {
        out!(
            "root version {} until {}; state of {} until {}",
            root.version,
            root.until,
            state.at,
            state.until
        );
    }
}

pub async fn export(out: &Path, want: &[String], reading: &Reading) -> anyhow::Result<()> {
    let (open, policy) = (reading.open().await?, reading.policy()?);
    let loaded = load(&open.db, &policy).await?;
    let pin = policy.directory.context("the policy pins no directory")?;
    let is_default =
        |subject: &str| subject.starts_with("keyset/") || subject.starts_with("prefix/");
    let wanted: Vec<String> = if want.is_empty() {
        let all = loaded.directory.subjects().into_iter().map(|view| view.subject);
        all.filter(|subject| is_default(subject)).collect()
    } else {
        want.to_vec()
    };
    let proof = loaded.directory.proof(&pin, loaded.checkpoint.note.clone(), &wanted);
    std::fs::create_dir_all(out).with_context(|| format!("could not create {}", out.display()))?;
    for (name, text) in [
        ("policy.txt", loaded.directory.policy().to_string()),
        ("directory-proof.json", proof.to_json().canonical()),
    ] {
        let path = out.join(name);
        std::fs::write(&path, text)
            .with_context(|| format!("could not write {}", path.display()))?;
        out!("{}", path.display());
    }
    Ok(())
}

/// Replays the database's directory; exit status 1 if it does not verify.
pub async fn verify_database(reading: &Reading) -> anyhow::Result<ExitCode> {
    let (open, policy) = (reading.open().await?, reading.policy()?);
    match load(&open.db, &policy).await {
        Ok(loaded) => {
            out!("{}: {} entries verify", loaded.directory.origin(), loaded.directory.size());
            print_times(&loaded.directory);
            Ok(ExitCode::SUCCESS)
        }
        Err(history::directory::LoadError::Database(error)) => Err(error.into()),
        Err(error) => {
            out!("refuted: {error}");
            Ok(ExitCode::from(1))
        }
    }
}

/// Checks a proof without a database; exit status 1 if it is refuted.
pub fn verify_file(path: &Path, reading: &Reading) -> anyhow::Result<ExitCode> {
    let policy = reading.policy()?;
    let pin = policy.directory.context("the policy pins no directory")?;
    let json = ledger::json::parse(files::read(path)?.as_bytes(), &Limits::default())?;
    let checked = DirectoryProof::from_json("", &json)
        .map_err(|error| error.to_string())
        .and_then(|proof| verify_proof(&proof, &pin).map_err(|error| error.to_string()));
    let proved = match checked {
        Ok(proved) => proved,
        Err(problem) => {
            out!("refuted: {problem}");
            return Ok(ExitCode::from(1));
        }
    };
    let (version, until) = (proved.root.version, &proved.root_until);
    out!("root version {version} until {until}");
    out!("state of {} until {}", proved.state_at, proved.state_until);
    for origin in proved.ledgers.keys() {
        out!("ledger {origin}: its keys are proved");
    }
    if proved.has_auditors {
        out!("not checked: cosignatures of the auditors that the root names");
    }
    Ok(ExitCode::SUCCESS)
}
