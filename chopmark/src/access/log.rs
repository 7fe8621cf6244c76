//! `chopmark access log`: who read what.
//!
//! What holds: a record that cannot be read is named and makes the command fail; nothing is passed over.
//!
//! Not here: whether the records are what was signed (`chopmark audit`), writing them (`trace_api::read_log`).

use std::collections::VecDeque;
use std::process::ExitCode;

use ledger::json::{Json, object};
use ledger::record::Record;
use sql::Db;
use sql::ledgers::LedgerRow;

use crate::terminal::{self, out, problem};

/// Kind of the ledgers that record reads.
const KIND: &str = "audit";

/// Members of a line, and of the record that it is made of.
const MEMBERS: [(&str, &str); 7] = [
    ("at", "recordTime"),
    ("subject", "chopmark:subject"),
    ("means", "chopmark:means"),
    ("roles", "chopmark:roles"),
    ("act", "chopmark:act"),
    ("asked", "chopmark:asked"),
    ("reason", "chopmark:reason"),
];

/// Prints the newest `limit` reads of each log, newest last.
///
/// # Errors
///
/// If the database cannot be read.
pub async fn print(db: &Db, limit: u64, is_json: bool) -> anyhow::Result<ExitCode> {
    let ledgers = sql::ledgers::list_ledgers(db).await?;
    let (mut shown, mut unreadable) = (0, 0);
    for row in ledgers.iter().filter(|row| row.kind == KIND) {
        for (index, text) in newest(db, row, limit).await? {
            shown += 1;
            match Record::parse(&text) {
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

/// Index and text of the newest records.
async fn newest(db: &Db, row: &LedgerRow, limit: u64) -> anyhow::Result<VecDeque<(u64, String)>> {
    let most = usize::try_from(limit)?;
    let mut kept = VecDeque::new();
    // From the first one on: where a later commit begins is not known.
    sql::ledgers::for_each_record(db, row.id, async |stored| {
        if kept.len() == most {
            kept.pop_front();
        }
        kept.push_back((stored.index, stored.text.clone()));
        Ok(())
    })
    .await?;
    Ok(kept)
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
    let [at, subject, means, roles, act, asked, reason] = MEMBERS.map(|(_, from)| text(from));
    out!("{at}  {subject}  {act}  ({means}, as {roles}; record {index} of {})", row.origin);
    out!("    asked:  {asked}");
    out!("    reason: {reason}");
}
