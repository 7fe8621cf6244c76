//! `chopmark access log`: who read what.
//!
//! The way through: the log is read from its end, a block of records at a time, until enough were found or a read is older than
//! what was asked for.
//!
//! What holds: a record that cannot be read is named and makes the command fail; nothing is passed over.
//!
//! Not here: whether the records are what was signed (`chopmark audit`), writing them (`gate::read_log`).

use std::process::ExitCode;

use gate::report_entry;
use jiff::Timestamp;
use ledger::json::{Json, object};
use ledger::record::Record;
use sql::Db;
use sql::ledgers::LedgerRow;

use crate::terminal::{self, out, problem};

/// Kind of the ledgers that record reads.
const KIND: &str = "audit";

/// Members of a line, and of the record that it is made of; records of earlier versions lack some of them, reads have neither `report` nor
/// `digest`, and digests of reports have nothing else but the time.
const MEMBERS: [(&str, &str); 14] = [
    ("at", "recordTime"),
    ("subject", "chopmark:subject"),
    ("means", "chopmark:means"),
    ("roles", "chopmark:roles"),
    ("limits", "chopmark:limits"),
    ("act", "chopmark:act"),
    ("asked", "chopmark:asked"),
    ("reason", "chopmark:reason"),
    ("shown", "chopmark:shown"),
    ("hidden", "chopmark:hidden"),
    ("projection", "chopmark:projection"),
    ("emergency", "chopmark:emergency"),
    ("report", report_entry::NUMBER),
    ("digest", report_entry::DIGEST),
];

/// Records of a block: chunks begin at each multiple of 256, also within a commit.
const BLOCK: u64 = 256;

/// Which reads are printed.
pub struct Wanted<'a> {
    /// Those from then on.
    pub since: Option<Timestamp>,
    /// Those of this holder.
    pub subject: Option<&'a str>,
}

impl Wanted<'_> {
    /// Whether a read is printed.
    fn has(&self, record: &Record) -> bool {
        let subject = record.json().get("chopmark:subject").and_then(Json::as_str);
        !self.is_too_old(record) && self.subject.is_none_or(|wanted| subject == Some(wanted))
    }

    /// Whether a read is older than what is asked for; times in a log do not go back by more than the clock did.
    fn is_too_old(&self, record: &Record) -> bool {
        let at = record.json().get("recordTime").and_then(Json::as_str);
        let at: Option<Timestamp> = at.and_then(|at| at.parse().ok());
        self.since.zip(at).is_some_and(|(since, at)| at < since)
    }
}

/// Prints the newest `limit` reads of each log that are wanted, newest last.
///
/// # Errors
///
/// If the database cannot be read.
pub async fn print(
    db: &Db,
    limit: u64,
    wanted: &Wanted<'_>,
    is_json: bool,
) -> anyhow::Result<ExitCode> {
    let ledgers = sql::ledgers::list_ledgers(db).await?;
    let (mut shown, mut unreadable) = (0, 0);
    for row in ledgers.iter().filter(|row| row.kind == KIND) {
        for (index, record) in newest(db, row, limit, wanted).await? {
            shown += 1;
            match record {
                Ok(record) => one(row, index, &record, is_json),
                Err(error) => {
                    unreadable += 1;
                    problem!("record {index} of {} cannot be read: {error}", row.origin);
                }
            }
        }
    }
    if shown == 0 && !is_json {
        out!("no reads are recorded");
    }
    Ok(if unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A record of the log with its index, or why it cannot be read.
type Found = (u64, Result<Record, String>);

/// The newest records that are wanted, oldest first; those that cannot be read are wanted always.
async fn newest(
    db: &Db,
    row: &LedgerRow,
    limit: u64,
    wanted: &Wanted<'_>,
) -> anyhow::Result<Vec<Found>> {
    let most = usize::try_from(limit)?;
    let mut found = Vec::new();
    let mut end = sql::ledgers::head(db, row.id).await?.size;
    while end > 0 && found.len() < most {
        let first = (end - 1) / BLOCK * BLOCK;
        let block = block(db, row, (first, end)).await?;
        let is_last = matches!(block.first(), Some((_, Ok(record))) if wanted.is_too_old(record));
        let is_wanted = |(_, record): &Found| record.as_ref().map_or(true, |it| wanted.has(it));
        found.extend(block.into_iter().rev().filter(is_wanted));
        if is_last {
            break;
        }
        end = first;
    }
    found.truncate(most);
    found.reverse();
    Ok(found)
}

/// The records from `first` to before `end`; `first` begins a chunk.
async fn block(db: &Db, row: &LedgerRow, (first, end): (u64, u64)) -> anyhow::Result<Vec<Found>> {
    let (mut next, mut found) = (first, Vec::new());
    while next < end {
        let chunks = sql::ledgers::chunks(db, row.id, next, u32::try_from(BLOCK)?).await?;
        anyhow::ensure!(!chunks.is_empty(), "{} has no record {next}, expected {end}", row.origin);
        for chunk in chunks.iter().take_while(|chunk| chunk.first().is_ok_and(|at| at < end)) {
            for stored in chunk.records()? {
                let record = Record::parse(&stored.text).map_err(|error| error.to_string());
                found.push((stored.index, record));
            }
        }
        next = chunks.last().map_or(Ok(end), sql::ledgers::Chunk::end)?;
    }
    Ok(found)
}

fn one(row: &LedgerRow, index: u64, record: &Record, is_json: bool) {
    let value = |name: &str| record.json().get(name).cloned().unwrap_or(Json::Null);
    if is_json {
        let place = [("ledger", Json::from(row.origin.as_str())), ("index", Json::from(index))];
        let members = MEMBERS.into_iter().map(|(name, from)| (name, value(from)));
        terminal::json(&object(place.into_iter().chain(members)).canonical());
        return;
    }
    let text = |name: &str| match value(name) {
        Json::Array(all) => all.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", "),
        other => other.as_str().unwrap_or("?").to_owned(),
    };
    if let Some((number, digest)) = report_entry::read(record.json()) {
        let at = text("recordTime");
        out!("{at}  digest of report {number}  (record {index} of {})", row.origin);
        out!("    digest: {digest}");
        return;
    }
    let [at, subject, means, roles] =
        ["recordTime", "chopmark:subject", "chopmark:means", "chopmark:roles"].map(text);
    let [act, asked, reason, limits] =
        ["chopmark:act", "chopmark:asked", "chopmark:reason", "chopmark:limits"].map(text);
    out!("{at}  {subject}  {act}  ({means}, as {roles}; record {index} of {})", row.origin);
    out!("    asked:  {asked}");
    out!("    reason: {reason}");
    out!("    limits: {limits}");
    if let (Json::Number(shown), Json::Number(hidden)) =
        (value("chopmark:shown"), value("chopmark:hidden"))
    {
        out!("    answer: {shown} shown, {hidden} hidden{}", state(&value("chopmark:projection")));
    }
    for right in value("chopmark:emergency").as_array().unwrap_or_default() {
        let of = |name: &str| right.get(name).and_then(Json::as_str).unwrap_or("?");
        let (by, second) = (of("proposedBy"), of("approvedBy"));
        out!("    under the emergency right {}, given by {by} and {second}", of("id"));
    }
}

/// The state of the projection, for people; nothing if the record names none.
fn state(projection: &Json) -> String {
    let number = |name: &str| projection.get(name).map(Json::canonical);
    let named = number("position").zip(number("generation"));
    named.map_or(String::new(), |(position, generation)| {
        format!("; projection at {position} of generation {generation}")
    })
}
