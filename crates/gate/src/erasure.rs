//! Erases the content of a record: two operators, a reason, and the act in the log before it is done.
//!
//! The way through: [`Gate::erase`] asks who the two are, reads the record, records the act in the log of reads, and then, in one transaction,
//! takes the record out of the projection (`sql::events::forget`) and replaces its content (`sql::erasures::erase`). [`recorded`] gives
//! what the log must say, for an audit.
//!
//! What holds:
//!
//! - nothing is erased that is not in the log first, with both people, the reason, the leaf hash and a digest of what the record named;
//! - what is interrupted between the two can be run again; until then an audit names it;
//! - a record that does not fit its leaf hash is not erased: that would hide that it was altered;
//! - a record that weighs against something is erased only after another one of the same ledger says the same of it.
//!
//! Not here: what an erased record does to verdicts (`history::fold`), copies elsewhere (docs/erasing.md).
//!
//! Source: docs/decisions/0108-erasing-a-record.md.

use access::{ApiKey, Identity, Role};
use history::erasure::{says_again, weighs_against};
use history::projected::{NoEvent, project, seen_values, source_of};
use jiff::Timestamp;
use ledger::Hash;
use ledger::hash::sha256;
use ledger::json::{Json, object};
use ledger::record::Record;
use sql::erasures::{Erasure, Removed};
use sql::ledgers::StoredRecord;
use thiserror::Error;

use crate::emergency::REASON_CHARACTERS;
use crate::read_log::{NotRecorded, ReadLog, head};
use crate::{Gate, Refusal};

/// Type of the records of erasures in the log.
pub const ERASURE: &str = "chopmark:Erasure";

/// Why nothing was erased.
#[derive(Debug, Error)]
pub enum NotErased {
    /// Whose key it is cannot be said, or it does not hold.
    #[error(transparent)]
    Key(#[from] Refusal),
    /// What is asked for cannot be, for this reason.
    #[error("{0}")]
    Wrong(String),
    /// It could not be recorded, so it was not done.
    #[error("the erasure was not recorded, so nothing was erased: {0}")]
    NotRecorded(#[from] NotRecorded),
    /// The database failed.
    #[error("database: {0}")]
    Sql(#[from] sql::Error),
}

/// What is to be erased.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Origin of the ledger.
    pub origin: String,
    /// The record's place there.
    pub index: u64,
    /// Why, 3 to 500 characters; everybody who looks at an item of the record sees it.
    pub reason: String,
    /// The record of the same ledger that says again what this one decides, if it decides something.
    pub restated: Option<u64>,
    /// Origin of the log.
    pub log: String,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The erasure.
    pub erasure: Erasure,
    /// What went with it; none if it was erased before.
    pub removed: Option<Removed>,
}

impl Gate {
    /// Erases a record; one that was erased before is left as it is.
    ///
    /// - `keys`: of two operators, each their own.
    ///
    /// # Errors
    ///
    /// [`NotErased`].
    pub async fn erase(
        &self,
        log: &ReadLog,
        keys: [&str; 2],
        wanted: &Wanted,
    ) -> Result<Done, NotErased> {
        let reason = wanted.reason.trim();
        let (first, second) = self.people(keys, reason).await?;
        let row = sql::ledgers::find(&self.db, &wanted.origin).await?;
        let row = row.filter(|row| row.kind == "site").ok_or_else(|| {
            let origin = &wanted.origin;
            NotErased::Wrong(format!("got the ledger `{origin}`, expected one of a site"))
        })?;
        if let Some(erasure) = sql::erasures::find(&self.db, row.id, wanted.index).await? {
            return Ok(Done { erasure, removed: None });
        }
        let (stored, record) = self.fitting(row.id, wanted.index).await?;
        self.check_restated(row.id, &record, wanted).await?;
        let event = project(&stored).ok();
        let now = self.clock.now();
        let mut erasure = Erasure {
            ledger: row.id,
            index: wanted.index,
            leaf_hash: stored.leaf_hash,
            // As the database keeps it, so that the row says what the log says.
            at: Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now),
            by: [first.subject.clone(), second],
            reason: reason.to_owned(),
            item_keys: item_keys(&record),
            event_key: event.as_ref().map(|event| sql::events::id_key(&event.event_id)),
            log: (row.id, 0),
        };
        erasure.log = self.record_erasure(log, (&first, wanted), &erasure).await?;
        let values = event.as_ref().map(seen_values).unwrap_or_default();
        let (why, place) = (NoEvent::Erased.to_string(), (row.id, wanted.index));
        let source = source_of(&record);
        let erase = async |tx: &sql::Transaction<'_>| {
            sql::events::forget(tx, place, event.as_ref(), &values, &why).await?;
            sql::erasures::erase(tx, &erasure, &source).await
        };
        let removed = self.db.run_tx_once("gate.erase", erase).await?;
        Ok(Done { erasure, removed: Some(removed) })
    }

    /// The first operator, and the name of the second.
    async fn people(&self, keys: [&str; 2], reason: &str) -> Result<(Identity, String), NotErased> {
        let first = self.operator_with(keys[0]).await?;
        let second = self.operator_with(keys[1]).await?;
        if first.subject == second.subject {
            let detail = format!("both keys are of `{}`, expected two people", first.subject);
            return Err(NotErased::Wrong(detail));
        }
        if !REASON_CHARACTERS.contains(&reason.chars().count())
            || reason.chars().any(char::is_control)
        {
            let detail = "the reason: expected 3 to 500 printable characters".to_owned();
            return Err(NotErased::Wrong(detail));
        }
        Ok((first, second.subject))
    }

    /// Has an erasure in the log; gives the place there.
    async fn record_erasure(
        &self,
        log: &ReadLog,
        (who, wanted): (&Identity, &Wanted),
        erasure: &Erasure,
    ) -> Result<(sql::LedgerId, u64), NotErased> {
        let (origin, [first, second]) = (&wanted.origin, &erasure.by);
        let asked = format!(
            "record {} of {origin}, leaf {}, by {first} and {second}",
            erasure.index, erasure.leaf_hash
        );
        let mut members = head(ERASURE, self.clock.now(), who);
        members.extend([
            ("chopmark:act", Json::from("erase a record")),
            ("chopmark:asked", Json::from(asked.as_str())),
            ("chopmark:reason", Json::from(erasure.reason.as_str())),
            ("chopmark:erased", recorded(origin, erasure)),
        ]);
        let index = log.append(object(members)).await?;
        let log = sql::ledgers::find(&self.db, &wanted.log).await?;
        let log = log.ok_or_else(|| sql::Error::Data(format!("no ledger `{}`", wanted.log)))?;
        Ok((log.id, index))
    }

    /// The operator whose key this is.
    async fn operator_with(&self, key: &str) -> Result<Identity, NotErased> {
        let wrong = || {
            let detail = "got no key, expected one of `chopmark access key add`";
            NotErased::Wrong(detail.to_owned())
        };
        let key = ApiKey::parse(key.trim()).ok_or_else(wrong)?;
        let who = self.holder_with(&key).await?;
        if who.grants.iter().any(|grant| grant.role() == Role::Operator) {
            return Ok(who);
        }
        Err(NotErased::Wrong(format!("`{}` is no operator, expected two operators", who.subject)))
    }

    /// A record that fits its leaf hash.
    async fn fitting(
        &self,
        ledger: sql::LedgerId,
        index: u64,
    ) -> Result<(StoredRecord, Record), NotErased> {
        let stored = sql::ledgers::record_at(&self.db, ledger, index).await?;
        let none = || NotErased::Wrong(format!("the ledger has no record {index}"));
        let stored = stored.ok_or_else(none)?;
        match Record::parse(&stored.text) {
            Ok(record) if leads(&record, &stored) => Ok((stored, record)),
            _ => Err(NotErased::Wrong(format!(
                "record {index} does not fit its leaf hash: it was altered, and an altered record is not erased; see `chopmark audit`"
            ))),
        }
    }

    /// Refuses to erase what weighs against something unless another record says the same.
    async fn check_restated(
        &self,
        ledger: sql::LedgerId,
        record: &Record,
        wanted: &Wanted,
    ) -> Result<(), NotErased> {
        if !weighs_against(record) {
            return Ok(());
        }
        let Some(restated) = wanted.restated else {
            return Err(NotErased::Wrong(
                "the record recalls, ends, describes or corrects what it names, and verdicts rest on it: let its party state the same again \
                 without what is to be erased, and name that record with --restated INDEX"
                    .to_owned(),
            ));
        };
        let (_, later) = self.fitting(ledger, restated).await?;
        if restated > wanted.index && says_again(record, &later) {
            return Ok(());
        }
        Err(NotErased::Wrong(format!(
            "record {restated} does not say the same of everything that record {} names, expected a later record with the same step, \
             action, dispositions, lot, expiry and chips",
            wanted.index
        )))
    }
}

fn leads(record: &Record, stored: &StoredRecord) -> bool {
    stored.secret.is_some_and(|secret| record.leaf_hash(&secret) == stored.leaf_hash)
}

/// The keys of what a record names, sorted, each once.
fn item_keys(record: &Record) -> Vec<i64> {
    let mut keys: Vec<i64> = record.names().iter().map(|name| sql::items::key(name)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// What the log says of an erasure: the member `chopmark:erased` of its record.
///
/// - `origin`: of the ledger.
#[must_use]
pub fn recorded(origin: &str, erasure: &Erasure) -> Json {
    let text = |text: &str| Json::from(text);
    let keys: Vec<u8> = erasure.item_keys.iter().flat_map(|key| key.to_be_bytes()).collect();
    let by = erasure.by.iter().map(|by| text(by)).collect();
    object([
        ("ledger", text(origin)),
        ("index", Json::from(erasure.index)),
        ("leaf", text(&erasure.leaf_hash.to_string())),
        ("at", text(&erasure.at.to_string())),
        ("by", Json::Array(by)),
        ("reason", text(&erasure.reason)),
        ("names", Json::from(erasure.item_keys.len() as u64)),
        ("namesDigest", text(&format!("sha256:{}", sha256(&keys)))),
    ])
}

/// An erasure that a record of a log says: origin, index and leaf hash of the erased record, and all that is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Origin of the ledger.
    pub origin: String,
    /// The record's place there.
    pub index: u64,
    /// Its leaf hash.
    pub leaf_hash: Option<Hash>,
    /// As [`recorded`] gives it.
    pub said: Json,
}

/// The erasure that a stored record of a log says; none if it says none, or does not fit its own leaf hash.
#[must_use]
pub fn logged(stored: &StoredRecord) -> Option<Logged> {
    let record = Record::parse(&stored.text).ok().filter(|record| leads(record, stored))?;
    if record.json().get("type")?.as_str()? != ERASURE {
        return None;
    }
    let said = record.json().get("chopmark:erased")?.clone();
    Some(Logged {
        origin: said.get("ledger")?.as_str()?.to_owned(),
        index: said.get("index")?.as_number()?.parse().ok()?,
        leaf_hash: said.get("leaf")?.as_str()?.parse().ok(),
        said,
    })
}

#[cfg(test)]
mod tests;
