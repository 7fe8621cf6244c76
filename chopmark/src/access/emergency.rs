//! `chopmark access emergency`: two operators give somebody a role for some hours (break glass).
//!
//! The way through: `propose` and `approve` each take the key of an operator from a file or standard input and hand it to the gate, which
//! decides, records and stores; `end` takes one; `list` shows what there is, and `check` whether the log says the same.
//!
//! What holds: to be the owner of the database is not enough: each person shows a key of their own; a step that cannot be recorded in
//! the log of reads is not taken.
//!
//! Not here: the rules (`access`), the steps (`gate::emergency`).
//!
//! Source: decision 0072.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use gate::Gate;
use gate::emergency::{Proposal, standing};
use gate::read_log::{self, ReadLog};
use jiff::Timestamp;
use ledger::json::{Json, object};
use process::config::{Installation, Problem, Problems};
use process::{Clock, Randomness};
use sql::emergency::{Step, WithKeys};

use super::given::{self, Given};
use super::{emergency_check, own_key};
use crate::owner::{Open, Place};
use crate::terminal::{self, Tone, out};

const APPLICATION: &str = "chopmark access emergency";

/// Subcommands of `chopmark access emergency`.
#[derive(Subcommand)]
pub enum Command {
    /// Proposes a right for 1 to 8 hours as the first of two operators
    ///
    /// Nothing is given before a second operator approves it within an hour. The step is recorded in the log of reads that `read_log`
    /// of `[trace_api]` names.
    ///
    /// Example:
    ///   chopmark access emergency propose --key-file lee.key --subject food-authority/kim --role regulator --product 9521141 \
    ///     --hours 2 --reason "recall case 7, the authority's own access is down" --config chopmark.toml
    #[command(verbatim_doc_comment)]
    Propose(Box<Propose>),
    /// Approves a right as the second operator; from then on it holds
    ///
    /// Example: `chopmark access emergency approve emg_2uXk9aQz --key-file chen.key --config chopmark.toml`
    Approve(Named),
    /// Ends a right before its time, or takes a proposal back; one operator is enough
    ///
    /// Example: `chopmark access emergency end emg_2uXk9aQz --key-file chen.key --config chopmark.toml`
    End(Named),
    /// Compares every right with the log of reads, and the reverse; status 1 if they differ
    ///
    /// Names rights that nobody recorded, that say otherwise than their records, and records whose right is gone: somebody changed the
    /// database past the command. With --json one object a line: `difference` (`not recorded`, `otherwise`, `not stored`,
    /// `unreadable`), `act`, `row`, `ledger`, `index`, `record`, `why`.
    ///
    /// Example: `chopmark access emergency check --config chopmark.toml`
    Check {
        /// Prints one JSON object for each difference, one a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Lists rights that are proposed or hold, with who gave them
    ///
    /// A line begins with `proposed`, `holds`, `over`, `ended`, `lapsed` (not approved in time), `void` (a key of one of the two does not
    /// count any more) or `broken` (the row breaks a rule). With --json one object a line.
    ///
    /// Example: `chopmark access emergency list --all --config chopmark.toml`
    List {
        /// Prints one JSON object for each, one a line
        #[arg(long)]
        json: bool,
        /// Lists those that are over as well
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        place: Place,
    },
}

/// Options of `chopmark access emergency propose`.
#[derive(clap::Args)]
pub struct Propose {
    /// File with your own key (mode 0600), an operator's; `-` reads it from standard input
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    #[command(flatten)]
    given: Given,
    /// For how many hours from the approval on, 1 to 8
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i16).range(1..=8))]
    hours: i16,
    /// Why, 3 to 500 characters; whoever reads the log sees it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    place: Place,
}

/// Options of a step of a right that is there.
#[derive(clap::Args)]
pub struct Named {
    /// What names the right: `emg_` and 8 letters, as `list` shows it
    id: String,
    /// File with your own key (mode 0600), an operator's; `-` reads it from standard input
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Runs the command.
///
/// # Errors
///
/// If the database cannot be asked, or the step is refused or cannot be recorded.
pub async fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Propose(arguments) => propose(arguments).await,
        Command::Approve(named) => approve(named).await,
        Command::End(named) => end(named).await,
        Command::Check { json, place } => emergency_check::run(place, *json).await,
        Command::List { json, all, place } => list(place, *all, *json).await,
    }
}

/// What a step needs.
struct Desk {
    gate: Gate,
    log: ReadLog,
    key: String,
    _open: Open,
}

impl Desk {
    async fn open(place: &Place, key_file: &Path) -> anyhow::Result<Self> {
        let installation = place.installation()?;
        let settings = log_of(&installation)?;
        let key = own_key::read(key_file)?;
        let open = place.open(APPLICATION).await?;
        let clock = Clock::system();
        let gate = Gate::new(open.db.clone(), clock.clone(), gate::Settings::default());
        let log = ReadLog::start(open.db.clone(), Some(settings), clock);
        Ok(Self { gate, log, key, _open: open })
    }
}

/// The log of reads that the file names.
fn log_of(installation: &Installation) -> anyhow::Result<read_log::Settings> {
    let section = installation.trace_api.as_ref();
    let origin = section.and_then(|section| section.read_log.as_deref());
    let settings =
        read_log::settings(installation, "[trace_api]", origin).map_err(Problems::from)?;
    let none = || {
        let expected = "the origin of a [[ledger]] with kind = \"audit\": steps of an emergency right are recorded there";
        Problem::value("[trace_api]", "read_log", "none", expected)
    };
    Ok(settings.ok_or_else(none).map_err(Problems::from)?)
}

async fn propose(arguments: &Propose) -> anyhow::Result<ExitCode> {
    let Propose { key_file, given, hours, reason, place } = arguments;
    let (subject, limits) = given.checked()?;
    let mut bytes = [0; access::PREFIX_BYTES];
    let drawn = Randomness::system().source().fill(&mut bytes);
    drawn.map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
    let id = access::emergency_id(bytes);
    let new = Proposal { id, subject, limits, hours: *hours, reason: reason.trim().to_owned() };
    let desk = Desk::open(place, key_file).await?;
    let right = desk.gate.propose(&desk.log, &desk.key, new).await?;
    out!("{}", right.id);
    out!();
    out!(
        "{} proposes that {} gets the role {} for {} h; {}.",
        right.proposed.by,
        right.subject,
        right.limits.role,
        right.hours,
        given::limits(&right.limits)
    );
    out!("Nothing is given yet. Another operator approves it within an hour:");
    out!("  chopmark access emergency approve {} --key-file THEIR.key", right.id);
    Ok(ExitCode::SUCCESS)
}

async fn approve(named: &Named) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&named.place, &named.key_file).await?;
    let right = desk.gate.approve(&desk.log, &desk.key, &named.id).await?;
    let by = right.approved.as_ref().map_or("?", |step| step.by.as_str());
    out!(
        "{}: {} has the role {} for {} h, proposed by {}, approved by {by}; what is read under it is recorded",
        right.id,
        right.subject,
        right.limits.role,
        right.hours,
        right.proposed.by
    );
    out!("To end it earlier: chopmark access emergency end {} --key-file YOUR.key", right.id);
    Ok(ExitCode::SUCCESS)
}

async fn end(named: &Named) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&named.place, &named.key_file).await?;
    let right = desk.gate.end_emergency(&desk.log, &desk.key, &named.id).await?;
    out!("{}: ended; the next request of {} is answered without it", right.id, right.subject);
    Ok(ExitCode::SUCCESS)
}

async fn list(place: &Place, all: bool, json: bool) -> anyhow::Result<ExitCode> {
    let (open, now) = (place.open(APPLICATION).await?, Clock::system().now());
    let (mut after, mut shown) = (String::new(), 0);
    while !terminal::is_closed() {
        let found = sql::emergency::list(&open.db, &after).await?;
        let Some((last, ..)) = found.last() else { break };
        after.clone_from(&last.id);
        for held in &found {
            let word = standing(held, now);
            if !all && matches!(word, "over" | "ended" | "lapsed") {
                continue;
            }
            shown += 1;
            if json {
                terminal::json(&object(members(held, word)).canonical());
            } else {
                print(held, word, now);
            }
        }
    }
    if shown == 0 && !json {
        out!("no emergency rights");
    }
    Ok(ExitCode::SUCCESS)
}

fn print((right, ..): &WithKeys, word: &str, now: Timestamp) {
    let tone = match word {
        "holds" | "proposed" => Tone::Good,
        "void" | "broken" => Tone::Bad,
        _ => Tone::Doubt,
    };
    terminal::paint(
        tone,
        word,
        &format!("  {}  {}  {}", right.id, right.limits.role, right.subject),
    );
    out!("    {}; {} h; reason: {}", given::limits(&right.limits), right.hours, right.reason);
    let step =
        |word: &str, step: &Step| format!("{word} by {} with {} at {}", step.by, step.key, step.at);
    let steps = [
        Some(step("proposed", &right.proposed)),
        right.approved.as_ref().map(|taken| step("approved", taken)),
        right.ended.as_ref().map(|taken| step("ended", taken)),
    ];
    out!("    {}", steps.into_iter().flatten().collect::<Vec<_>>().join(", "));
    if let Some(step) = right.approved.as_ref().filter(|_| word == "holds") {
        let hours = jiff::SignedDuration::from_hours(i64::from(right.hours));
        let ends = step.at.checked_add(hours).unwrap_or(now);
        out!("    ends at {ends}");
    }
}

fn members((right, ..): &WithKeys, word: &str) -> Vec<(&'static str, Json)> {
    let step = |step: Option<&Step>| {
        let Some(Step { by, key, at }) = step else { return Json::Null };
        object([
            ("by", Json::from(by.as_str())),
            ("key", Json::from(key.as_str())),
            ("at", given::at(Some(*at))),
        ])
    };
    let mut members = vec![
        ("id", Json::from(right.id.as_str())),
        ("standing", Json::from(word)),
        ("subject", Json::from(right.subject.as_str())),
    ];
    members.extend(given::members(&right.limits));
    members.extend([
        ("hours", Json::from(i64::from(right.hours))),
        ("reason", Json::from(right.reason.as_str())),
        ("proposed", step(Some(&right.proposed))),
        ("approved", step(right.approved.as_ref())),
        ("ended", step(right.ended.as_ref())),
    ]);
    members
}
