//! Records who read what in a ledger of its own, before anything is answered.
//!
//! The way through: a door runs the query, makes a [`Read`] with what came of it ([`Outcome`]), and calls [`ReadLog::record`], which
//! gives the record to the writer and waits; the writer takes all that wait, appends a record for each to the ledger, signs its
//! checkpoint, commits, and lets them go on. Only then the door answers.
//!
//! What holds:
//!
//! - a read is in a signed checkpoint before [`ReadLog::record`] returns; what cannot be recorded is not answered;
//! - several processes may write the ledger: of two commits on one size one fails, and that one is made again on the other;
//! - a ledger that is shorter than the hub remembers, or held after a restore, is not written;
//! - a read under a right of an emergency names the right and both people who gave it, whatever the role.
//!
//! Not here: which reads are recorded (`access`), how the ledger is anchored (`anchor` takes it as it takes a site's), what came of a
//! query (the doors).
//!
//! Sources: decisions 0058 and 0072.

use std::sync::Arc;
use std::thread::Builder;

use access::{Act, EmergencyMark, Identity, Scope, Sight};
use history::continuity;
use jiff::Timestamp;
use ledger::Hash;
use ledger::checkpoint::Checkpoint;
use ledger::hash::sha256;
use ledger::json::{Json, object};
use ledger::keys::LedgerKeys;
use ledger::record::{Record, Secret};
use ledger::tree::Frontier;
use process::config::keys::ledger_keys;
use process::config::ledger::LedgerKind;
use process::config::{Installation, Problem};
use process::{Clock, Randomness};
use sql::emergency::{Step, StoredEmergency};
use sql::ledgers::{Append, Entry};
use sql::sessions::{LoggedInBy, StoredSession};
use sql::{Db, LedgerId, Transaction};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

/// Kind of the ledger.
pub(crate) const KIND: &str = "audit";
/// Type of the records of steps of rights of an emergency.
pub(crate) const EMERGENCY_RIGHT: &str = "chopmark:EmergencyRight";
/// Type of the records of ends of sessions.
pub(crate) const SESSION_END: &str = "chopmark:SessionEnd";
/// Reads that may wait at once.
const WAITING: usize = 256;
/// Most characters of what was asked for that are recorded; the rest is named by its length.
const MOST_ASKED: usize = 4000;
/// How often a commit is made again because another process was faster.
const ATTEMPTS: u32 = 8;

/// The ledger of reads.
#[derive(Clone)]
pub struct Settings {
    /// Its origin.
    pub origin: String,
    /// Whose it is.
    pub party: String,
    /// Its signing keys.
    pub keys: Arc<LedgerKeys>,
}

/// Why a read was not recorded, and may not be answered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotRecorded {
    /// There is no ledger for it.
    #[error("no ledger of reads is configured; expected `read_log` in the section of the process")]
    NoLog,
    /// Too many wait, or the database does not answer.
    #[error("the read could not be recorded: {0}")]
    Unavailable(String),
    /// The ledger may not be written.
    #[error("the ledger of reads is refused: {0}")]
    Refused(String),
}

/// Reads the ledger that a section names in `read_log`.
///
/// - `section`: as the file writes it: `[trace_api]`.
///
/// # Errors
///
/// [`Problem`] if the file has no such ledger of kind `audit`, or its keys cannot be read.
pub fn settings(
    installation: &Installation,
    section: &str,
    origin: Option<&str>,
) -> Result<Option<Settings>, Problem> {
    let Some(origin) = origin else { return Ok(None) };
    let logs = || installation.ledgers.iter().filter(|ledger| ledger.kind == LedgerKind::Audit);
    let ledger = logs().find(|ledger| ledger.origin == origin).ok_or_else(|| {
        let origins: Vec<&str> = logs().map(|ledger| ledger.origin.as_str()).collect();
        let expected = match &origins[..] {
            [] => "the origin of a [[ledger]] with kind = \"audit\"; the file has none".to_owned(),
            _ => format!("one of the ledgers of kind \"audit\": {}", origins.join(", ")),
        };
        Problem::value(section, "read_log", format!("`{origin}`"), expected)
    })?;
    let keys = Arc::new(ledger_keys(installation, ledger)?);
    let (origin, party) = (origin.to_owned(), ledger.party.name.clone());
    Ok(Some(Settings { origin, party, keys }))
}

/// The state of the projection that an answer rests on.
///
/// Position and generation name it while the projection is not begun anew. The digest names it for ever: whoever has the ledgers, each
/// up to the size that it had, projects the same events, so a count can be checked without the projection of that day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// How often the projection was begun anew.
    pub generation: u64,
    /// Position of its newest event that was looked at.
    pub position: u64,
    /// The ledgers that it had read, if that was found out at this position.
    pub ledgers: Option<Ledgers>,
}

/// How far ledgers were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledgers {
    /// How many.
    pub count: u64,
    /// SHA-256 of a line for each, in order of their origins as bytes: origin, space, number of records that were read, line feed.
    pub sizes: Hash,
}

impl Basis {
    /// The projection as it is now. To answer from just this state, look at no event behind [`Basis::position`].
    ///
    /// # Errors
    ///
    /// [`sql::Error`].
    pub async fn now(db: &Db) -> Result<Self, sql::Error> {
        let read = sql::events::sizes(db).await?;
        let count = u64::try_from(read.sizes.len()).unwrap_or(u64::MAX);
        let ledgers = Some(Ledgers { count, sizes: digest(&read.sizes) });
        let (generation, position) = (read.head.generation, read.head.position);
        Ok(Self { generation, position, ledgers })
    }

    /// What an answer rests on that looked at this position of this generation: the ledgers are known if it is the one at which they
    /// were looked at. The further pages of a list rest on the position of its first page, whose record has the ledgers.
    #[must_use]
    pub fn at(&self, generation: u64, position: u64) -> Self {
        let is_same = (generation, position) == (self.generation, self.position);
        Self { generation, position, ledgers: self.ledgers.clone().filter(|_| is_same) }
    }

    fn json(&self) -> Json {
        let mut members = vec![
            ("generation", Json::from(self.generation)),
            ("position", Json::from(self.position)),
        ];
        if let Some(Ledgers { count, sizes }) = &self.ledgers {
            members.push(("ledgers", Json::from(*count)));
            members.push(("sizes", Json::from(format!("sha256:{sizes}").as_str())));
        }
        object(members)
    }
}

/// The digest of sizes, whatever their order.
fn digest(sizes: &[(String, u64)]) -> Hash {
    let mut lines: Vec<String> =
        sizes.iter().map(|(origin, size)| format!("{origin} {size}\n")).collect();
    lines.sort_unstable();
    sha256(lines.concat().as_bytes())
}

/// What came of a read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What the answer rests on; none if it does not rest on the projection.
    pub basis: Option<Basis>,
    /// How many were shown of what was asked for (events; names of a list; links of a trace), and how many matched that the limits
    /// of the reader hide; none if nothing of the kind was asked for.
    pub counts: Option<(u64, u64)>,
}

/// A read.
#[derive(Debug, Clone, Copy)]
pub struct Read<'a> {
    /// Who.
    pub who: &'a Identity,
    /// What they may see, as it was decided for this read.
    pub sight: &'a Sight,
    /// What they did.
    pub act: Act,
    /// What they asked for.
    pub asked: &'a str,
    /// Why, in their words.
    pub reason: &'a str,
    /// What came of it.
    pub outcome: &'a Outcome,
}

impl Read<'_> {
    fn record(&self, at: Timestamp) -> Json {
        let Outcome { basis, counts } = self.outcome;
        let mut members = head("chopmark:Read", at, self.who);
        members.extend([
            ("chopmark:act", Json::from(self.act.name())),
            ("chopmark:asked", Json::from(bounded(self.asked).as_str())),
            ("chopmark:reason", Json::from(self.reason)),
        ]);
        if let Some((shown, hidden)) = *counts {
            members.push(("chopmark:shown", Json::from(shown)));
            members.push(("chopmark:hidden", Json::from(hidden)));
        }
        members.extend(basis.as_ref().map(|basis| ("chopmark:projection", basis.json())));
        let marks: Vec<Json> = self.sight.emergencies().map(mark).collect();
        if !marks.is_empty() {
            members.push(("chopmark:emergency", Json::Array(marks)));
        }
        object(members)
    }
}

/// A step of a right of an emergency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmergencyAct {
    /// The first person proposes it.
    Propose,
    /// The second person approves it.
    Approve,
    /// Somebody ends it.
    End,
}

impl EmergencyAct {
    /// Its name in the log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Propose => "propose an emergency right",
            Self::Approve => "approve an emergency right",
            Self::End => "end an emergency right",
        }
    }
}

/// A step that somebody takes, with the right as it will be after it.
#[derive(Debug, Clone, Copy)]
pub struct EmergencyStep<'a> {
    /// Who.
    pub who: &'a Identity,
    /// What they do.
    pub act: EmergencyAct,
    /// The right after the step.
    pub right: &'a StoredEmergency,
}

impl EmergencyStep<'_> {
    fn record(&self, at: Timestamp) -> Json {
        let StoredEmergency { id, proposed, approved, reason, .. } = self.right;
        let mut mark =
            vec![("id", Json::from(id.as_str())), ("proposedBy", Json::from(proposed.by.as_str()))];
        mark.extend(approved.as_ref().map(|step| ("approvedBy", Json::from(step.by.as_str()))));
        let mut members = head(EMERGENCY_RIGHT, at, self.who);
        members.extend([
            ("chopmark:act", Json::from(self.act.name())),
            ("chopmark:asked", Json::from(description(self.right).as_str())),
            ("chopmark:reason", Json::from(reason.as_str())),
            ("chopmark:emergency", Json::Array(vec![object(mark)])),
        ]);
        object(members)
    }
}

/// Somebody ends a session with a key of their own.
#[derive(Debug, Clone, Copy)]
pub struct SessionEnd<'a> {
    /// Who.
    pub who: &'a Identity,
    /// The session.
    pub session: &'a StoredSession,
    /// Why, in their words.
    pub reason: &'a str,
}

impl SessionEnd<'_> {
    fn record(&self, at: Timestamp) -> Json {
        let StoredSession { id, subject, by, began_at, .. } = self.session;
        let by = match by {
            LoggedInBy::Key(prefix) => format!("with the key {prefix}"),
            LoggedInBy::Provider(issuer) => format!("at {issuer}"),
        };
        let asked = format!("session {id} of {subject}, who logged in {by} at {began_at}");
        let mut members = head(SESSION_END, at, self.who);
        members.extend([
            ("chopmark:act", Json::from(Act::EndSessions.name())),
            ("chopmark:asked", Json::from(bounded(&asked).as_str())),
            ("chopmark:reason", Json::from(self.reason)),
        ]);
        object(members)
    }
}

/// All that a right says, as one text: who gets what for how long, and who took which step when with which key. The record of a step
/// has it, so a row of the database can be compared with it.
#[must_use]
pub fn description(right: &StoredEmergency) -> String {
    let StoredEmergency { id, subject, limits, hours, proposed, approved, ended, .. } = right;
    let lists = [
        ("products", &limits.products),
        ("parties", &limits.parties),
        ("jurisdictions", &limits.jurisdictions),
    ];
    let mut texts: Vec<String> = lists
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(kind, list)| format!("{kind} {}", list.join(", ")))
        .collect();
    texts.extend(limits.period.0.map(|from| format!("from {from}")));
    texts.extend(limits.period.1.map(|until| format!("until {until}")));
    let limited = if texts.is_empty() { "no limits".to_owned() } else { texts.join("; ") };
    let step = |word: &str, step: &Step| {
        format!(", {word} by {} with {} at {}", step.by, step.key, step.at)
    };
    let steps = [
        Some(step("proposed", proposed)),
        approved.as_ref().map(|taken| step("approved", taken)),
        ended.as_ref().map(|taken| step("ended", taken)),
    ];
    let steps: String = steps.into_iter().flatten().collect();
    format!("{id}: {subject} as {} with {limited} for {hours} h{steps}", limits.role)
}

/// What the record of somebody's act begins with.
pub(crate) fn head(kind: &str, at: Timestamp, who: &Identity) -> Vec<(&'static str, Json)> {
    let roles = who.grants.iter().map(|grant| Json::from(grant.role().name())).collect();
    let limits =
        who.grants.iter().map(|grant| Json::from(limits_text(grant.scope()).as_str())).collect();
    vec![
        ("type", Json::from(kind)),
        ("recordTime", Json::from(at.to_string().as_str())),
        ("chopmark:subject", Json::from(who.subject.as_str())),
        ("chopmark:means", Json::from(who.means.name())),
        ("chopmark:roles", Json::Array(roles)),
        ("chopmark:limits", Json::Array(limits)),
    ]
}

/// A right of an emergency, as records name it.
fn mark(mark: &EmergencyMark) -> Json {
    object(vec![
        ("id", Json::from(mark.id.as_str())),
        ("proposedBy", Json::from(mark.proposed_by.as_str())),
        ("approvedBy", Json::from(mark.approved_by.as_str())),
    ])
}

/// What was asked for, cut to [`MOST_ASKED`] characters.
fn bounded(asked: &str) -> String {
    let characters = asked.chars().count();
    let cut: String = asked.chars().take(MOST_ASKED).collect();
    if characters > MOST_ASKED { format!("{cut}… ({characters} characters)") } else { cut }
}

/// Limits as one text; every kind that is stated. `log_entry` reads it again.
pub(crate) fn limits_text(scope: &Scope) -> String {
    let lists = [
        ("products", scope.products()),
        ("parties", scope.parties()),
        ("jurisdictions", scope.jurisdictions()),
    ];
    let stated = lists.into_iter().filter(|(_, list)| !list.is_empty());
    let mut texts: Vec<String> =
        stated.map(|(kind, list)| format!("{kind} {}", list.join(", "))).collect();
    let (from, until) = scope.period();
    texts.extend(from.map(|from| format!("from {from}")));
    texts.extend(until.map(|until| format!("until {until}")));
    if texts.is_empty() { "none".to_owned() } else { texts.join("; ") }
}

struct Job {
    record: Json,
    /// Is given the place of the record in the ledger.
    answer: oneshot::Sender<Result<u64, NotRecorded>>,
}

/// The log of one process.
pub struct ReadLog {
    pub(crate) origin: Option<String>,
    jobs: Option<mpsc::Sender<Job>>,
    pub(crate) clock: Clock,
}

impl ReadLog {
    /// Starts the writer; it uses the runtime that this is called on.
    ///
    /// - `settings`: none if no ledger is configured; then nothing can be recorded.
    #[must_use]
    pub fn start(db: Db, settings: Option<Settings>, clock: Clock) -> Self {
        let origin = settings.as_ref().map(|settings| settings.origin.clone());
        let jobs = settings.map(|settings| {
            let (jobs, waiting) = mpsc::channel(WAITING);
            let writer = Writer { db, settings, clock: clock.clone(), tip: None };
            let runtime = Handle::current();
            // A thread of its own: signatures take long enough to hold up the requests of another one.
            let ran = Builder::new()
                .name("read-log".to_owned())
                .spawn(move || runtime.block_on(writer.run(waiting)));
            if let Err(error) = ran {
                tracing::error!(%error, "the writer of the log of reads could not be started");
            }
            jobs
        });
        Self { origin, jobs, clock }
    }

    /// Records a read; returns when it is in a signed checkpoint.
    ///
    /// # Errors
    ///
    /// [`NotRecorded`]: then the read must not be answered.
    pub async fn record(&self, read: &Read<'_>) -> Result<(), NotRecorded> {
        self.append(read.record(self.clock.now())).await.map(drop)
    }

    /// Records a step of a right of an emergency, before it is stored.
    ///
    /// # Errors
    ///
    /// [`NotRecorded`]: then the step must not be taken.
    pub async fn record_step(&self, step: &EmergencyStep<'_>) -> Result<(), NotRecorded> {
        self.append(step.record(self.clock.now())).await.map(drop)
    }

    /// Records that somebody ends a session, before it ends.
    ///
    /// # Errors
    ///
    /// [`NotRecorded`].
    pub async fn record_session_end(&self, end: &SessionEnd<'_>) -> Result<(), NotRecorded> {
        self.append(end.record(self.clock.now())).await.map(drop)
    }

    /// Appends a record; gives its place.
    ///
    /// # Errors
    ///
    /// [`NotRecorded`]: then nothing may be done or shown.
    pub(crate) async fn append(&self, record: Json) -> Result<u64, NotRecorded> {
        let jobs = self.jobs.as_ref().ok_or(NotRecorded::NoLog)?;
        let (answer, recorded) = oneshot::channel();
        let job = Job { record, answer };
        let full = |_| NotRecorded::Unavailable(format!("{WAITING} reads wait already"));
        jobs.try_send(job).map_err(full)?;
        let ended = |_| NotRecorded::Unavailable("the writer has ended".to_owned());
        recorded.await.map_err(ended)?
    }
}

/// The ledger, and its tree as this process knows it.
struct Tip {
    ledger: LedgerId,
    frontier: Frontier,
}

struct Writer {
    db: Db,
    settings: Settings,
    clock: Clock,
    tip: Option<Tip>,
}

impl Writer {
    async fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        while let Some(first) = waiting.recv().await {
            let mut jobs = vec![first];
            while jobs.len() < WAITING
                && let Ok(next) = waiting.try_recv()
            {
                jobs.push(next);
            }
            let records: Vec<Json> = jobs.iter().map(|job| job.record.clone()).collect();
            let outcome = self.append(&records).await;
            if let Err(problem) = &outcome {
                self.tip = None;
                tracing::error!(%problem, reads = jobs.len(), "reads are not answered");
            }
            for (place, job) in (0..).zip(jobs) {
                // A caller that disconnected is recorded all the same.
                job.answer.send(outcome.clone().map(|first| first + place)).ok();
            }
        }
    }

    /// Gives the place of the first record.
    async fn append(&mut self, records: &[Json]) -> Result<u64, NotRecorded> {
        for _ in 0..ATTEMPTS {
            let tip = match self.tip.take() {
                Some(tip) => tip,
                None => self.open().await?,
            };
            let first = tip.frontier.size();
            match self.commit(tip, records).await {
                Ok(tip) => {
                    self.tip = Some(tip);
                    return Ok(first);
                }
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(refused(&error)),
            }
        }
        Err(NotRecorded::Unavailable("other processes write it all the time".to_owned()))
    }

    /// Looks the ledger up, or makes it, and compares it with the hub.
    async fn open(&self) -> Result<Tip, NotRecorded> {
        let Settings { origin, party, .. } = &self.settings;
        let opened = async {
            let ledger = match sql::ledgers::find(&self.db, origin).await? {
                Some(row) if row.kind != KIND => {
                    let kind = row.kind;
                    let detail = format!("{origin} is of kind `{kind}`, expected `{KIND}`");
                    return Ok(Err(NotRecorded::Refused(detail)));
                }
                Some(row) => row.id,
                None => sql::ledgers::create_ledger(&self.db, origin, KIND, party).await?,
            };
            let compared = continuity::of_ledger(&self.db, ledger, origin).await?;
            if let Some(reason) = compared.continuity.problem() {
                return Ok(Err(NotRecorded::Refused(reason)));
            }
            let frontier = sql::ledgers::load_frontier(&self.db, ledger).await?;
            Ok::<_, sql::Error>(Ok(Tip { ledger, frontier }))
        };
        opened.await.map_err(|error| refused(&error))?
    }

    async fn commit(&self, tip: Tip, records: &[Json]) -> Result<Tip, sql::Error> {
        let (tip, append) = sign(&self.settings, tip, records, self.clock.now())?;
        self.db
            .run_tx_once("gate.record_reads", async |tx: &Transaction<'_>| {
                sql::ledgers::append(tx, &append).await
            })
            .await?;
        Ok(tip)
    }
}

/// Extends the tree by the records and signs it.
fn sign(
    settings: &Settings,
    mut tip: Tip,
    records: &[Json],
    at: Timestamp,
) -> Result<(Tip, Append), sql::Error> {
    let random = Randomness::system();
    let wrong = |error: &dyn std::error::Error| sql::Error::data(error.to_string());
    let mut entries = Vec::with_capacity(records.len());
    for json in records {
        let record = Record::from_json(json.clone()).map_err(|error| wrong(&error))?;
        let mut secret = Secret::default();
        let drawn = random.source().fill(&mut secret);
        drawn.map_err(|_| sql::Error::data("the system gives no random bytes"))?;
        let leaf_hash = record.leaf_hash(&secret);
        entries.push(Entry { text: record.text().into(), secret: Some(secret), leaf_hash });
    }
    let mut append = Append::to(tip.ledger, &mut tip.frontier, entries, at);
    let (size, root) = (tip.frontier.size(), tip.frontier.root());
    let checkpoint = Checkpoint { origin: settings.origin.clone(), size, root };
    let signed = settings.keys.sign_checkpoint(&checkpoint, random.source());
    append.note = signed.map_err(|error| wrong(&error))?;
    Ok((tip, append))
}

fn refused(error: &sql::Error) -> NotRecorded {
    if error.is_unavailable() {
        NotRecorded::Unavailable(error.to_string())
    } else {
        NotRecorded::Refused(error.to_string())
    }
}
