//! Records who read what in a ledger of its own, before anything is answered.
//!
//! The way through: [`ReadLog::record`] gives a read to the writer and waits; the writer takes all that wait, appends a record for
//! each to the ledger, signs its checkpoint, commits, and lets them go on.
//!
//! What holds:
//!
//! - a read is in a signed checkpoint before [`ReadLog::record`] returns; what cannot be recorded is not answered;
//! - several processes may write the ledger: of two commits on one size one fails, and that one is made again on the other;
//! - a ledger that is shorter than the hub remembers, or held after a restore, is not written.
//!
//! Not here: which reads are recorded (`access`), how the ledger is anchored (`anchor` takes it as it takes a site's).
//!
//! Source: decision 0058.

use std::sync::Arc;
use std::thread::Builder;

use access::{Act, Grant, Identity};
use history::continuity;
use jiff::Timestamp;
use ledger::checkpoint::Checkpoint;
use ledger::json::{Json, object};
use ledger::keys::LedgerKeys;
use ledger::record::{Record, Secret};
use ledger::tree::Frontier;
use process::{Clock, Randomness};
use sql::ledgers::{Append, Entry};
use sql::{Db, LedgerId, Transaction};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

/// Kind of the ledger.
const KIND: &str = "audit";
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
    #[error("no ledger of reads is configured; expected `read_log` in [trace_api]")]
    NoLog,
    /// Too many wait, or the database does not answer.
    #[error("the read could not be recorded: {0}")]
    Unavailable(String),
    /// The ledger may not be written.
    #[error("the ledger of reads is refused: {0}")]
    Refused(String),
}

/// A read.
#[derive(Debug, Clone, Copy)]
pub struct Read<'a> {
    /// Who.
    pub who: &'a Identity,
    /// What they did.
    pub act: Act,
    /// What they asked for.
    pub asked: &'a str,
    /// Why, in their words.
    pub reason: &'a str,
}

impl Read<'_> {
    fn record(&self, at: Timestamp) -> Json {
        let text = |value: &str| Json::from(value);
        let characters = self.asked.chars().count();
        let mut asked: String = self.asked.chars().take(MOST_ASKED).collect();
        if characters > MOST_ASKED {
            asked = format!("{asked}… ({characters} characters)");
        }
        let roles = self.who.grants.iter().map(|grant| text(grant.role().name())).collect();
        let limits = self.who.grants.iter().map(|grant| text(&limits(grant))).collect();
        object(vec![
            ("type", text("chopmark:Read")),
            ("recordTime", text(&at.to_string())),
            ("chopmark:subject", text(&self.who.subject)),
            ("chopmark:means", text(self.who.means.name())),
            ("chopmark:roles", Json::Array(roles)),
            ("chopmark:limits", Json::Array(limits)),
            ("chopmark:act", text(self.act.name())),
            ("chopmark:asked", text(&asked)),
            ("chopmark:reason", text(self.reason)),
        ])
    }
}

/// The limits of a grant as one text; every kind that is stated.
fn limits(grant: &Grant) -> String {
    let scope = grant.scope();
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
    answer: oneshot::Sender<Result<(), NotRecorded>>,
}

/// The log of one process.
pub struct ReadLog {
    jobs: Option<mpsc::Sender<Job>>,
    clock: Clock,
}

impl ReadLog {
    /// Starts the writer; it uses the runtime that this is called on.
    ///
    /// - `settings`: none if no ledger is configured; then nothing can be recorded.
    #[must_use]
    pub fn start(db: Db, settings: Option<Settings>, clock: Clock) -> Self {
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
        Self { jobs, clock }
    }

    /// Records a read; returns when it is in a signed checkpoint.
    ///
    /// # Errors
    ///
    /// [`NotRecorded`]: then the read must not be answered.
    pub async fn record(&self, read: &Read<'_>) -> Result<(), NotRecorded> {
        let jobs = self.jobs.as_ref().ok_or(NotRecorded::NoLog)?;
        let (answer, recorded) = oneshot::channel();
        let job = Job { record: read.record(self.clock.now()), answer };
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
            for job in jobs {
                // A caller that disconnected is recorded all the same.
                job.answer.send(outcome.clone()).ok();
            }
        }
    }

    async fn append(&mut self, records: &[Json]) -> Result<(), NotRecorded> {
        for _ in 0..ATTEMPTS {
            let tip = match self.tip.take() {
                Some(tip) => tip,
                None => self.open().await?,
            };
            match self.commit(tip, records).await {
                Ok(tip) => {
                    self.tip = Some(tip);
                    return Ok(());
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
            .run_tx_once("trace_api.record_reads", async |tx: &Transaction<'_>| {
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
