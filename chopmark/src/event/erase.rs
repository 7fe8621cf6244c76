//! `chopmark event erase`: erases the content of a record.
//!
//! The way through: two keys are read, the gate decides, records and erases (`gate::erasure`); then the room of old rows is given back, and
//! what is not reached is printed.
//!
//! What holds: being the owner of the database is not enough: two operators show a key of their own; nothing is printed of the record's
//! content.
//!
//! Not here: what is erased where (`sql::erasures`), what is shown of it afterwards (`history::fold`, the pages).
//!
//! Source: decision 0108.

use std::path::PathBuf;
use std::process::ExitCode;

use gate::Gate;
use gate::erasure::{Done, Wanted};
use gate::read_log::{self, ReadLog};
use jiff::Timestamp;
use ledger::json::{Json, object};
use process::Clock;
use process::config::{Problem, Problems};
use sql::erasures::Removed;

use crate::access::own_key;
use crate::owner::{Open, Place};
use crate::terminal::{self, out};

/// What to erase.
#[derive(clap::Args)]
pub struct Arguments {
    /// Origin of the ledger
    ledger: String,
    /// Index of the record in it, from 0
    index: u64,
    /// Why, 3 to 500 characters; everybody who looks at an item of the record sees it, so it names no person
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// File with an operator's own key (mode 0600); given twice, for two people. `-` reads one from standard input
    #[arg(long, value_name = "FILE", required = true)]
    key_file: Vec<PathBuf>,
    /// Index of the later record that says again what this one decides
    #[arg(long, value_name = "INDEX")]
    restated: Option<u64>,
    /// Prints what was done as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// Where copies are that the command does not reach.
struct Copies {
    exports: Vec<(String, String, Timestamp)>,
    cases: Vec<i64>,
}

/// Runs the command.
///
/// # Errors
///
/// If the database cannot be asked, or the erasure is refused or cannot be recorded.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    tokio::runtime::Runtime::new()?.block_on(erase(arguments))
}

async fn erase(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let [first, second] = &arguments.key_file[..] else {
        let count = arguments.key_file.len();
        anyhow::bail!("got {count} --key-file, expected two: of two operators");
    };
    let keys = [own_key::read(first)?, own_key::read(second)?];
    let settings = log_of(&arguments.place)?;
    let log = settings.origin.clone();
    let open = arguments.place.open("chopmark event erase").await?;
    let (done, copies) = with(&open, settings, [&keys[0], &keys[1]], arguments).await?;
    if arguments.json {
        terminal::json(&json(&done, &copies, (&arguments.ledger, &log)).canonical());
    } else {
        print(&done, &copies, (&arguments.ledger, &log));
    }
    Ok(ExitCode::SUCCESS)
}

async fn with(
    open: &Open,
    settings: read_log::Settings,
    keys: [&str; 2],
    arguments: &Arguments,
) -> anyhow::Result<(Done, Copies)> {
    let clock = Clock::system();
    let wanted = Wanted {
        origin: arguments.ledger.clone(),
        index: arguments.index,
        reason: arguments.reason.clone(),
        restated: arguments.restated,
        log: settings.origin.clone(),
    };
    let gate = Gate::new(open.db.clone(), clock.clone(), gate::Settings::default());
    let log = ReadLog::start(open.db.clone(), Some(settings), clock.clone());
    let done = gate.erase(&log, keys, &wanted).await?;
    sql::erasures::vacuum(&open.db).await?;
    let exports = sql::erasures::exports(&open.db, clock.now()).await?;
    let cases = sql::erasures::cases(&open.db, &done.erasure.leaf_hash).await?;
    Ok((done, Copies { exports, cases }))
}

/// The log of reads that the file names.
fn log_of(place: &Place) -> anyhow::Result<read_log::Settings> {
    let installation = place.installation()?;
    let section = installation.trace_api.as_ref();
    let origin = section.and_then(|section| section.read_log.as_deref());
    let settings =
        read_log::settings(&installation, "[trace_api]", origin).map_err(Problems::from)?;
    let none = || {
        let expected =
            "the origin of a [[ledger]] with kind = \"audit\": an erasure is recorded there";
        Problem::value("[trace_api]", "read_log", "none", expected)
    };
    Ok(settings.ok_or_else(none).map_err(Problems::from)?)
}

fn print(done: &Done, copies: &Copies, (ledger, log): (&str, &str)) {
    let Done { erasure, removed } = done;
    let [first, second] = &erasure.by;
    match removed {
        Some(removed) => {
            out!("erased the content of record {} of {ledger}", erasure.index);
            out!("    {}", with_it(removed));
        }
        None => out!("record {} of {ledger} was erased before, at {}", erasure.index, erasure.at),
    }
    out!("    by {first} and {second}: {}", erasure.reason);
    out!("    recorded as record {} of {log}", erasure.log.1);
    out!("    leaf {} stays in the tree, and every proof is valid", erasure.leaf_hash);
    out!();
    out!("What this command does not reach:");
    out!(
        "    backups that were made before, and archives of PostgreSQL's log: they have the text until they are deleted"
    );
    out!("    bundles, exports, answers and printed reports that people took before");
    out!("    caches of running processes, until they are restarted");
    for (id, subject, until) in &copies.exports {
        out!(
            "    export {id} of {subject} at the desk, until {until}: delete it there if it has the event"
        );
    }
    for case in &copies.cases {
        out!(
            "    case {case} has the record as evidence: its place, leaf hash and event id stay there"
        );
    }
}

/// What went with the record.
fn with_it(removed: &Removed) -> String {
    let Removed { deliveries, documents, answers, created, advices, differences } = removed;
    format!(
        "and with it: {deliveries} deliveries, {documents} documents as received, notes of {answers} answers, digests of {created} created \
         events, {advices} despatch advices, {differences} differences"
    )
}

fn json(done: &Done, copies: &Copies, (ledger, log): (&str, &str)) -> Json {
    let Done { erasure, removed } = done;
    let text = |text: &str| Json::from(text);
    let counts = |removed: &Removed| {
        let Removed { deliveries, documents, answers, created, advices, differences } = *removed;
        let counts = [
            ("deliveries", deliveries),
            ("documents", documents),
            ("answers", answers),
            ("created", created),
            ("advices", advices),
            ("differences", differences),
        ];
        object(counts.map(|(name, count)| (name, Json::from(count))))
    };
    let exports = copies.exports.iter().map(|(id, subject, until)| {
        let until = until.to_string();
        object([("id", text(id)), ("subject", text(subject)), ("until", text(&until))])
    });
    object([
        ("ledger", text(ledger)),
        ("index", Json::from(erasure.index)),
        ("leaf", text(&erasure.leaf_hash.to_string())),
        ("at", text(&erasure.at.to_string())),
        ("by", Json::Array(erasure.by.iter().map(|by| text(by)).collect())),
        ("reason", text(&erasure.reason)),
        ("log", text(log)),
        ("log_index", Json::from(erasure.log.1)),
        ("is_new", Json::Bool(removed.is_some())),
        ("removed", removed.as_ref().map_or(Json::Null, counts)),
        ("exports", Json::Array(exports.collect())),
        ("cases", Json::Array(copies.cases.iter().map(|case| Json::from(*case)).collect())),
    ])
}
