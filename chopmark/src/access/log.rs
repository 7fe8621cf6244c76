//! `chopmark access log`: who read what.
//!
//! The way through: the log is read from its end (`gate::log_walk`), until enough were found or a read is older than what was asked
//! for; `gate::log_entry` says what each has.
//!
//! What holds: a record that cannot be read is named and makes the command fail; nothing is passed over. The command has the database
//! as its owner, so it shows everything at once: no delay of the desk holds here (decision 0105).
//!
//! Not here: whether the records are what was signed (`chopmark audit`), writing them (`gate::read_log`).

use std::process::ExitCode;

use gate::log_entry::LogEntry;
use gate::log_walk::{Found, LogWalk, logs};
use jiff::Timestamp;
use sql::Db;
use sql::ledgers::LedgerRow;

use crate::terminal::{self, out, problem};

/// Which reads are printed.
pub struct Wanted<'a> {
    /// Those from then on.
    pub since: Option<Timestamp>,
    /// Those of this holder.
    pub subject: Option<&'a str>,
}

impl Wanted<'_> {
    /// Whether a read is printed.
    fn has(&self, entry: &LogEntry) -> bool {
        !self.is_too_old(entry) && self.subject.is_none_or(|wanted| entry.subject() == Some(wanted))
    }

    /// Whether a read is older than what is asked for; times in a log do not go back by more than the clock did.
    fn is_too_old(&self, entry: &LogEntry) -> bool {
        self.since.zip(entry.at()).is_some_and(|(since, at)| at < since)
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
    let (mut shown, mut unreadable) = (0, 0);
    for row in &logs(db).await? {
        for (index, entry) in newest(db, row, limit, wanted).await? {
            shown += 1;
            match entry {
                Ok(entry) => one(row, index, &entry, is_json),
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

/// The newest records that are wanted, oldest first; those that cannot be read are wanted always.
async fn newest(
    db: &Db,
    row: &LedgerRow,
    limit: u64,
    wanted: &Wanted<'_>,
) -> anyhow::Result<Vec<Found>> {
    let most = usize::try_from(limit)?;
    let mut found = Vec::new();
    let mut walk = LogWalk::from_end(db, row).await?;
    while found.len() < most
        && let Some(block) = walk.next().await?
    {
        let is_last = matches!(block.last(), Some((_, Ok(entry))) if wanted.is_too_old(entry));
        let is_wanted = |(_, entry): &Found| entry.as_ref().map_or(true, |it| wanted.has(it));
        found.extend(block.into_iter().filter(is_wanted));
        if is_last {
            break;
        }
    }
    found.truncate(most);
    found.reverse();
    Ok(found)
}

fn one(row: &LedgerRow, index: u64, entry: &LogEntry, is_json: bool) {
    if is_json {
        terminal::json(&entry.json(&row.origin, index).canonical());
        return;
    }
    let at = entry.at().map_or_else(|| "?".to_owned(), |at| at.to_string());
    if let Some((number, digest)) = entry.report() {
        out!("{at}  digest of report {number}  (record {index} of {})", row.origin);
        out!("    digest: {digest}");
        return;
    }
    let [subject, means, act, asked, reason] =
        [entry.subject(), entry.means(), entry.act(), entry.asked(), entry.reason()]
            .map(|text| text.unwrap_or("?"));
    let [roles, limits] = [entry.roles(), entry.limits()].map(|all| all.join(", "));
    out!("{at}  {subject}  {act}  ({means}, as {roles}; record {index} of {})", row.origin);
    out!("    asked:  {asked}");
    out!("    reason: {reason}");
    out!("    limits: {limits}");
    if let Some((shown, hidden)) = entry.counts() {
        let state = entry.projection().map_or(String::new(), |(position, generation)| {
            format!("; projection at {position} of generation {generation}")
        });
        out!("    answer: {shown} shown, {hidden} hidden{state}");
    }
    for right in entry.rights() {
        let (by, second) = (right.proposed_by, right.approved_by.as_deref().unwrap_or("?"));
        out!("    under the emergency right {}, given by {by} and {second}", right.id);
    }
}
