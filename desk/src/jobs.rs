//! Exports as jobs: written beside the requests of this process, a few at once, each with its progress in the database.
//!
//! The way through: `pages/exports.rs` records the read and calls [`start`]; `run` waits for a slot, has [`export::write()`] write the file,
//! signs it and stores the outcome; meanwhile it says twice a second how far it is, and stops if it is no longer wanted. [`sweep_often`] fails
//! what died with its process, and deletes files that are past their time.
//!
//! What holds:
//!
//! - at most [`AT_ONCE`] are written at once in a process, and [`MOST_OPEN`] of one person wait or run;
//! - what somebody may see comes with the request, in memory, and is never read back from a row: an export whose process ended is failed, with
//!   that reason, and asked for anew;
//! - a file is under its name only when it is whole; one that is not kept by a row is deleted;
//! - a file has at most the configured number of bytes.
//!
//! Not here: what is written (`export`), who may take it (`pages/exports`).
//!
//! Source: docs/desk.md, "Exports".

mod file;
mod slots;

use std::convert::Infallible;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::web::Data;
use export::{Error, Format, Job, Manifest, Request, Source, signature};
use jiff::SignedDuration;
use sql::Transaction;
use sql::exports::{NewExport, Outcome, Progress};

pub use self::file::{Broken, checked, path_of};
use self::file::{Limited, Unfinished, names};
pub use self::slots::{AT_ONCE, Jobs};
use crate::config::ExportSettings;
use crate::failure::Failure;
use crate::state::DeskState;

/// Most exports of one person that wait or run.
pub const MOST_OPEN: u16 = 3;
/// Time between two reports of progress.
const TICK: Duration = Duration::from_millis(500);
/// A desk that has not said for so long that it still has an export is gone.
const ALIVE: SignedDuration = SignedDuration::from_mins(1);
/// Time between two looks for what died or is past its time.
const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// Why an export ends that died with its process.
const INTERRUPTED: &str = "the desk was stopped while it was written; ask for it again";
/// What is said where the cause is for the log alone.
const INTERNAL: &str = "it could not be written; the log of the desk says why";

/// An export that somebody asks for; what they may see is in the request.
#[derive(Debug, Clone)]
pub struct Order {
    /// Its id.
    pub id: String,
    /// Who.
    pub subject: String,
    /// What is searched, as the desk reads it.
    pub search: String,
    /// Why; empty if the reader's reads are not recorded.
    pub why: String,
    /// What is exported.
    pub request: Request,
}

/// A new id: 32 hex digits that nobody guesses.
///
/// # Errors
///
/// [`Failure::Internal`] if there are no random bytes.
pub fn new_id(state: &DeskState) -> Result<String, Failure> {
    let mut bytes = [0; 16];
    let filled = state.random.source().fill(&mut bytes);
    filled.map_err(|_| Failure::Internal("there are no random bytes".to_owned()))?;
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(digits.concat())
}

/// How many exports of somebody wait or run.
///
/// # Errors
///
/// [`Failure`].
pub async fn open(state: &DeskState, subject: &str) -> Result<u64, Failure> {
    // One that died with its process is failed within minutes.
    let after = state.clock.now() - SignedDuration::from_hours(24);
    Ok(sql::exports::count_open(&state.db, subject, after, MOST_OPEN).await?)
}

/// Stores an export and begins to write it.
///
/// # Errors
///
/// [`Failure`].
pub async fn start(state: &Data<DeskState>, order: Order) -> Result<(), Failure> {
    let now = state.clock.now();
    let new = NewExport {
        id: &order.id,
        subject: &order.subject,
        asked_at: now,
        search: &order.search,
        why: &order.why,
        format: order.request.format.name(),
        has_mark: order.request.options.has_mark,
        language: order.request.options.language.tag(),
        alive_until: now + ALIVE,
    };
    let insert = async |tx: &Transaction<'_>| sql::exports::insert(tx, &new).await;
    state.db.run_tx("desk.ask_export", insert).await?;
    // Not a task of its own thread: what a worker of the desk begins ends with it.
    actix_web::rt::spawn(run(state.clone(), order));
    Ok(())
}

/// Writes an export, and stores what came of it.
async fn run(state: Data<DeskState>, order: Order) {
    let progress = Mutex::new(Progress::default());
    // Side by side: whoever reports must not stop the work, whose transaction may hold the row that is reported in.
    let written = tokio::select! {
        biased;
        written = write(&state, &order, &progress) => written,
        // What was written goes with the work.
        () = until_unwanted(&state, &order.id, &progress) => return,
    };
    let Err(error) = written else { return };
    let problem = match &error {
        Error::Database(cause) => {
            tracing::error!(%cause, export = order.id, "an export was not written");
            INTERNAL.to_owned()
        }
        Error::Sink(cause) if !file::is_limit(cause) => {
            tracing::error!(%cause, export = order.id, "an export was not written");
            INTERNAL.to_owned()
        }
        other => other.to_string(),
    };
    let now = state.clock.now();
    let fail = async |tx: &Transaction<'_>| sql::exports::fail(tx, &order.id, now, &problem).await;
    if let Err(error) = state.db.run_tx("desk.fail_export", fail).await {
        tracing::error!(%error, export = order.id, "the end of an export is not stored");
    }
}

/// Says again and again how far an export is; ends when it is not wanted any more.
async fn until_unwanted(state: &DeskState, id: &str, progress: &Mutex<Progress>) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        match is_wanted(state, id, progress).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(%error, "the progress of an export is not stored"),
        }
    }
}

/// Says how far an export is; gives whether it is still wanted.
async fn is_wanted(
    state: &DeskState,
    id: &str,
    progress: &Mutex<Progress>,
) -> Result<bool, sql::Error> {
    let (now, until) = (now_of(progress), state.clock.now() + ALIVE);
    let alive = async |tx: &Transaction<'_>| sql::exports::alive(tx, id, until, now).await;
    state.db.run_tx("desk.export_progress", alive).await
}

fn now_of(progress: &Mutex<Progress>) -> Progress {
    *progress.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes the file under its name, and stores that it is done. Nothing is left if it is not wanted any more.
async fn write(state: &DeskState, order: &Order, progress: &Mutex<Progress>) -> Result<(), Error> {
    let refused = |problem: &str| Err(Error::Request(problem.to_owned()));
    let Ok(_slot) = state.jobs.slot().await else { return refused("the desk stops") };
    let Some(settings) = &state.config.exports else { return refused("no exports are configured") };
    let begin = async |tx: &Transaction<'_>| sql::exports::begin(tx, &order.id).await;
    if !state.db.run_tx("desk.begin_export", begin).await? {
        return Ok(());
    }
    let Some(current) = state.authority().await else { return refused("no policy is configured") };
    if let Some(problem) = &current.problem {
        return refused(&format!("the directory that the policy pins cannot be used: {problem}"));
    }
    let format = order.request.format;
    let unfinished = Unfinished::create(&settings.folder, &order.id)?;
    let mut sink = Limited::new(unfinished.file()?, settings.most_bytes);
    let mut report = |now: export::Progress| {
        let now = Progress { looked_at: now.looked_at, total: now.total, rows: now.rows };
        *progress.lock().unwrap_or_else(PoisonError::into_inner) = now;
    };
    let source = Source {
        db: &state.db,
        policy_text: &settings.policy_text,
        current: &current,
        hub: state.config.hub.as_deref(),
        cache: &state.cache,
        pins: None,
    };
    // Whoever does not want it any more drops all of this.
    let job = Job { progress: &mut report, cancel: &AtomicBool::new(false) };
    let manifest = export::write(&source, &order.request, &mut sink, job).await?;
    let path = path_of(&settings.folder, &order.id, format);
    unfinished.finish(&path)?;
    let looked_at = now_of(progress).looked_at;
    if !finish(state, settings, (&order.id, format), &manifest, looked_at).await? {
        std::fs::remove_file(&path)?;
    }
    Ok(())
}

/// Stores that an export is done; gives whether it was still wanted.
async fn finish(
    state: &DeskState,
    settings: &ExportSettings,
    (id, format): (&str, Format),
    manifest: &Manifest,
    looked_at: u64,
) -> Result<bool, Error> {
    let signature = match &state.config.read_log {
        Some(log) => {
            let rng = state.random.source();
            Some(signature::sign(&state.db, &log.origin, &log.keys, manifest, rng).await?)
        }
        None => None,
    };
    let now = state.clock.now();
    let text = manifest.to_json().canonical();
    let outcome = Outcome {
        at: now,
        manifest: &text,
        signature: signature.as_deref(),
        expires_at: now + settings.keep,
        counts: (looked_at, manifest.counts.rows),
    };
    let finish = async |tx: &Transaction<'_>| sql::exports::finish(tx, id, &outcome).await;
    let is_wanted = state.db.run_tx("desk.finish_export", finish).await?;
    let events = manifest.counts.events;
    tracing::info!(export = id, format = format.name(), events, is_wanted, "an export was written");
    Ok(is_wanted)
}

/// Looks again and again for what died with its process, and for files that are past their time.
pub async fn sweep_often(state: &DeskState) -> Infallible {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = sweep(state).await {
            tracing::warn!(%error, "old exports were not cleared away; the next attempt is in a minute");
        }
    }
}

/// Fails what died with its process, and deletes files that no row keeps; gives how many were deleted.
///
/// # Errors
///
/// [`Error`] if the database or the folder cannot be used.
pub async fn sweep(state: &DeskState) -> Result<usize, Error> {
    let Some(settings) = &state.config.exports else { return Ok(0) };
    let now = state.clock.now();
    let fail = async |tx: &Transaction<'_>| sql::exports::fail_dead(tx, now, INTERRUPTED).await;
    let failed = state.db.run_tx("desk.fail_dead_exports", fail).await?;
    if failed > 0 {
        tracing::warn!(failed, "exports ended with their process");
    }
    let files = names(&settings.folder)?;
    let ids: Vec<String> = files.iter().map(|(id, _)| id.clone()).collect();
    let kept = sql::exports::kept(&state.db, &ids, now).await?;
    let mut deleted = 0;
    for (id, path) in files {
        if !kept.contains(&id) {
            std::fs::remove_file(path)?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// Deletes the file of an export that is not wanted any more; if that fails, the next sweep does.
pub fn delete(settings: &ExportSettings, id: &str, format: Format) {
    let path = path_of(&settings.folder, id, format);
    if let Err(error) = std::fs::remove_file(&path) {
        tracing::warn!(%error, path = %path.display(), "an export was not deleted");
    }
}
