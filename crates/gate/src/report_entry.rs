//! A report of a suspicion beside what was frozen of it, and beside the entry of the log of reads that has its digest.
//!
//! The way through: [`ReadLog::record_report`] writes it before the receipt is shown; [`standing`] looks it up again; [`check`]
//! compares what is stored of the report with what was frozen.
//!
//! What holds: an entry has the report's number, its digest and a time, and nothing of the item, the text or a person; after the report is
//! deleted it tells nothing.
//!
//! Not here: what the digest is of (`history::frozen`), whether the log is what was signed (`chopmark audit`).
//!
//! Source: docs/decisions/0102-reports-reach-brand-and-authority.md.

use history::frozen::{self, Kept, Misfit, Shown, Statement};
use jiff::Timestamp;
use ledger::Hash;
use ledger::json::{Json, object};
use ledger::record::Record;
use sql::Db;
use sql::reports::{Frozen, LogPlace, StoredReport};

use crate::read_log::{NotRecorded, ReadLog};

/// Type of the record.
pub const REPORT: &str = "chopmark:Report";
/// The member with the number.
pub const NUMBER: &str = "chopmark:report";
/// The member with the digest.
pub const DIGEST: &str = "chopmark:digest";

/// The record.
#[must_use]
pub fn record((number, digest): (u64, &Hash), at: Timestamp) -> Json {
    object([
        ("type", Json::from(REPORT)),
        ("recordTime", Json::from(at.to_string().as_str())),
        (NUMBER, Json::from(number)),
        (DIGEST, Json::from(digest.to_string().as_str())),
    ])
}

impl ReadLog {
    /// Records the digest of what a report rests on; gives where.
    ///
    /// # Errors
    ///
    /// [`NotRecorded`].
    pub async fn record_report(&self, report: (u64, &Hash)) -> Result<LogPlace, NotRecorded> {
        let origin = self.origin.clone().ok_or(NotRecorded::NoLog)?;
        let index = self.append(record(report, self.clock.now())).await?;
        Ok(LogPlace { origin, index })
    }
}

/// Number and digest of a record; none if it is of another type.
#[must_use]
pub fn read(json: &Json) -> Option<(u64, Hash)> {
    let text = |name: &str| json.get(name)?.as_str();
    let number = || json.get(NUMBER)?.as_number()?.parse().ok();
    (text("type")? == REPORT).then_some(())?;
    Some((number()?, text(DIGEST)?.parse().ok()?))
}

/// How the log of reads stands to a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has the digest.
    Logged,
    /// Nothing says that a log has it.
    NotLogged,
    /// The entry that is said to have it has it not.
    Contradicted,
}

/// Looks up whether the log has this digest for this report.
///
/// - `place`: where it is said to be.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn standing(
    db: &Db,
    report: (u64, &Hash),
    place: Option<&LogPlace>,
) -> Result<Standing, sql::Error> {
    let Some(place) = place else { return Ok(Standing::NotLogged) };
    let Some(ledger) = sql::ledgers::find(db, &place.origin).await? else {
        return Ok(Standing::Contradicted);
    };
    let stored = sql::ledgers::record_at(db, ledger.id, place.index).await?;
    let found = stored.and_then(|stored| read(Record::parse(&stored.text).ok()?.json()));
    let is_same = found.is_some_and(|(number, digest)| (number, &digest) == report);
    Ok(if is_same { Standing::Logged } else { Standing::Contradicted })
}

/// Document, key and digest, as they are stored.
#[must_use]
pub fn kept(frozen: &Frozen) -> Kept<'_> {
    let evidence = &frozen.evidence;
    Kept { document: &evidence.document, secret: &frozen.secret, digest: &evidence.digest }
}

/// Compares what is stored of a report with what was frozen of it; gives what the records said then.
///
/// # Errors
///
/// [`Misfit`].
pub fn check(report: &StoredReport, frozen: &Frozen) -> Result<Shown, Misfit> {
    let outcome = &report.outcome;
    let statement = Statement {
        received_at: outcome.received_at,
        item: &outcome.item,
        reason: &outcome.reason,
        message: &report.message,
        place: &report.place,
        language: &report.language,
        for_authorities: outcome.for_authorities,
        photo: frozen.photo,
    };
    frozen::check(&kept(frozen), &statement)
}

#[cfg(test)]
mod tests {
    use ledger::hash::sha256;

    use super::*;

    #[test]
    fn an_entry_has_number_digest_and_time_and_nothing_else() {
        let (digest, at) = (sha256(b"x"), "2026-11-24T08:00:00Z".parse().unwrap());
        let json = record((7, &digest), at);
        let names: Vec<&str> =
            json.as_object().unwrap().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["type", "recordTime", NUMBER, DIGEST]);
        assert_eq!(read(&json), Some((7, digest)));
        let other = object([("type", Json::from("chopmark:Read"))]);
        assert_eq!(read(&other), None);
    }
}
