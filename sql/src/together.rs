//! What answers of the same moment ask together.
//!
//! The way through: [`index`] and [`ledgers()`] for a history, [`scans()`] for what is known of an item besides it, [`head`] for what follows a ledger. Whoever comes
//! while as many statements as may be are out is asked with those who wait (`lanes.rs`).
//!
//! What holds: each gets rows of its own keys and ledgers only; of the statements of one question the first is answered from an earlier moment
//! than the second; a value that cannot be read is an error of whoever asked for it.
//!
//! Not here: the statements ([`crate::items`], [`crate::ledgers`], [`crate::scans`], [`crate::findings`]).
//!
//! Source: docs/decisions/0103-verdicts-of-the-same-moment-share-their-statements.md.

use std::collections::{BTreeMap, BTreeSet};

use futures::try_join;
use jiff::Timestamp;

use crate::db::Db;
use crate::error::Error;
use crate::findings::{self, StoredFinding};
use crate::hub;
use crate::items::{self, Found};
use crate::lanes::Question;
use crate::ledger_id::LedgerId;
use crate::ledgers::{self, Head, LedgerState};
use crate::scans::{self, Mark, Seen};

/// A question to the index.
#[derive(Debug, Clone)]
pub struct IndexQuestion {
    /// Keys of the index.
    pub keys: Vec<i64>,
    /// Most entries.
    pub most: u32,
}

impl Question<Db> for IndexQuestion {
    type Answer = Option<Vec<Found>>;

    async fn ask_all(
        db: &Db,
        questions: &[Self],
    ) -> Result<Vec<Result<Self::Answer, Error>>, Error> {
        let connection = db.connection().await?;
        let asked: Vec<(&[i64], u32)> =
            questions.iter().map(|one| (&*one.keys, one.most)).collect();
        let found = items::found_of_all(&connection, &asked).await?;
        Ok(found.into_iter().map(Ok).collect())
    }
}

/// What the index leads to under some keys, as [`items::found`] gives it.
///
/// - Cost: one statement, whatever the number of keys and records, and of those who ask at the same time.
///
/// # Errors
///
/// [`Error`].
pub async fn index(db: &Db, question: IndexQuestion) -> Result<Option<Vec<Found>>, Error> {
    db.ask(question).await
}

/// A question about ledgers.
#[derive(Debug, Clone)]
pub struct LedgersQuestion {
    /// Which.
    pub ledgers: Vec<LedgerId>,
    /// Whether the sizes of the hubs are wanted.
    pub wants_hubs: bool,
}

/// How ledgers stand.
#[derive(Debug)]
pub struct LedgersAnswer {
    /// As [`ledgers::states`] gives them.
    pub states: Vec<LedgerState>,
    /// As [`hub::heads`] gives them, of a later moment; none if they were not wanted.
    pub hubs: Option<Vec<(LedgerId, u64)>>,
}

impl Question<Db> for LedgersQuestion {
    type Answer = LedgersAnswer;

    async fn ask_all(
        db: &Db,
        questions: &[Self],
    ) -> Result<Vec<Result<LedgersAnswer, Error>>, Error> {
        let connection = db.connection().await?;
        let all: BTreeSet<LedgerId> =
            questions.iter().flat_map(|one| &one.ledgers).copied().collect();
        let all: Vec<LedgerId> = all.into_iter().collect();
        let wants_hubs = questions.iter().any(|one| one.wants_hubs);
        let (states, hubs) = try_join!(ledgers::states(&connection, &all), async {
            if !wants_hubs {
                return Ok(None);
            }
            hub::heads(&connection).await.map(Some)
        })?;
        let answers = questions.iter().map(|one| {
            let own = states.iter().filter(|state| one.ledgers.contains(&state.row.id));
            let hubs = hubs.clone().filter(|_| one.wants_hubs);
            Ok(LedgersAnswer { states: own.cloned().collect(), hubs })
        });
        Ok(answers.collect())
    }
}

/// How some ledgers stand.
///
/// - Cost: at most two statements, whatever the number of ledgers, and of those who ask at the same time.
///
/// # Errors
///
/// [`Error`].
pub async fn ledgers(db: &Db, question: LedgersQuestion) -> Result<LedgersAnswer, Error> {
    db.ask(question).await
}

/// A question about an item that is scanned.
#[derive(Debug, Clone)]
pub struct ScanQuestion {
    /// Key of the item ([`items::key`]).
    pub key: i64,
    /// Marks of network and browser of whoever asks.
    pub device: Mark,
    /// As in [`scans::Scan::role`].
    pub role: &'static str,
    /// Networks whose last scan in a week is earlier are left out.
    pub networks_since: Timestamp,
    /// Scans at positions up to then are left out.
    pub places_since: Timestamp,
}

impl Question<Db> for ScanQuestion {
    type Answer = (Seen, Vec<StoredFinding>);

    async fn ask_all(
        db: &Db,
        questions: &[Self],
    ) -> Result<Vec<Result<Self::Answer, Error>>, Error> {
        let connection = db.connection().await?;
        let asked: Vec<_> = questions.iter().map(ScanQuestion::of_scans).collect();
        let keys: Vec<i64> = questions.iter().map(|one| one.key).collect();
        let (seen, findings) = try_join!(
            scans::seen_of_all(&connection, &asked),
            findings::of_keys(&connection, &keys)
        )?;
        Ok(seen.into_iter().zip(findings).map(|(seen, findings)| Ok((seen?, findings?))).collect())
    }
}

impl ScanQuestion {
    fn of_scans(&self) -> scans::Asked<'_> {
        let asker = scans::Asker { device: &self.device, role: self.role };
        (self.key, asker, (self.networks_since, self.places_since))
    }
}

/// What is counted of an item's scans, and its findings.
///
/// - Cost: two statements, whatever the item is, and however many ask at the same time.
///
/// # Errors
///
/// [`Error`].
pub async fn scans(db: &Db, question: ScanQuestion) -> Result<(Seen, Vec<StoredFinding>), Error> {
    db.ask(question).await
}

/// A question for the head of a ledger.
struct HeadQuestion(LedgerId);

impl Question<Db> for HeadQuestion {
    type Answer = Head;

    async fn ask_all(db: &Db, questions: &[Self]) -> Result<Vec<Result<Head, Error>>, Error> {
        let mut heads: BTreeMap<LedgerId, Result<Head, Error>> = BTreeMap::new();
        for HeadQuestion(ledger) in questions {
            if !heads.contains_key(ledger) {
                heads.insert(*ledger, ledgers::head(db, *ledger).await);
            }
        }
        let head = |HeadQuestion(ledger): &HeadQuestion| {
            let found = heads.get(ledger).cloned();
            found.unwrap_or_else(|| Err(Error::data(format!("nobody asked for {}", ledger.0))))
        };
        Ok(questions.iter().map(head).collect())
    }
}

/// As [`ledgers::head`], for those who ask at the same time by one statement.
///
/// # Errors
///
/// [`Error::Data`] if there is no such ledger.
pub async fn head(db: &Db, ledger: LedgerId) -> Result<Head, Error> {
    db.ask(HeadQuestion(ledger)).await
}
