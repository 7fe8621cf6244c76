//! Compares the rows of rights of an emergency with the log of reads, which has a record of each step.
//!
//! The way through: [`check`] reads all rows and the records of their type, tells of each row what the record of each of its steps must
//! say, and gives what has no counterpart.
//!
//! What holds:
//!
//! - a row that somebody wrote, changed or deleted without the command is named: its steps are not in the log, or the log says
//!   otherwise;
//! - of two equal records one row explains one;
//! - a step that was recorded and then not stored (the database failed, or somebody was faster) is named too: from a deleted row it
//!   cannot be told apart.
//!
//! Not here: whether the log is what was signed (`chopmark audit`), the steps ([`crate::emergency`]).
//!
//! Source: decision 0090.

use ledger::json::Json;
use ledger::record::Record;
use sql::Db;
use sql::emergency::StoredEmergency;

use crate::read_log::{EMERGENCY_RIGHT, EmergencyAct, description};

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A step of a row that no record has.
    NotRecorded {
        /// The right.
        id: String,
        /// The step, as the log names it.
        act: &'static str,
        /// What its record would say.
        row: String,
    },
    /// A step of a row of which the log says something else.
    Otherwise {
        /// What the row says.
        row: String,
        /// The record of this step.
        record: StepRecord,
    },
    /// A record of a step that no row has.
    NotStored(StepRecord),
    /// A record of such a type that cannot be read.
    Unreadable {
        /// Origin of the log.
        log: String,
        /// The record.
        index: u64,
        /// Why.
        why: String,
    },
}

/// The record of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRecord {
    /// Origin of the log.
    pub log: String,
    /// Its place there.
    pub index: u64,
    /// The step.
    pub act: String,
    /// All that the right said after it.
    pub said: String,
}

/// What was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Number of rows.
    pub rows: usize,
    /// Number of records of steps.
    pub records: usize,
    /// What does not fit; nothing if rows and records say the same.
    pub differences: Vec<Difference>,
}

/// Compares all rows with the records of these logs.
///
/// - `logs`: origins of ledgers of kind `audit`. Others are not read, whatever the database says of their kind.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn check(db: &Db, logs: &[String]) -> Result<Checked, sql::Error> {
    let (mut records, mut differences) = (Vec::new(), Vec::new());
    for log in logs {
        let Some(ledger) = sql::ledgers::find(db, log).await? else { continue };
        sql::ledgers::for_each_record(db, ledger.id, async |stored| {
            if stored.text.contains(EMERGENCY_RIGHT) {
                match step(log, stored.index, &stored.text) {
                    Ok(step) => records.extend(step),
                    Err(why) => {
                        let (log, index) = (log.clone(), stored.index);
                        differences.push(Difference::Unreadable { log, index, why });
                    }
                }
            }
            Ok(())
        })
        .await?;
    }
    let (mut rows, mut after, count) = (0, String::new(), records.len());
    loop {
        let found = sql::emergency::list(db, &after).await?;
        let Some((last, ..)) = found.last() else { break };
        after.clone_from(&last.id);
        rows += found.len();
        for (right, ..) in &found {
            differences.extend(compared(right, &mut records));
        }
    }
    differences.extend(records.into_iter().map(Difference::NotStored));
    Ok(Checked { rows, records: count, differences })
}

/// The step that a record is of; none if it is of something else.
fn step(log: &str, index: u64, text: &str) -> Result<Option<StepRecord>, String> {
    let record = Record::parse(text).map_err(|error| error.to_string())?;
    let member = |name: &str| record.json().get(name).and_then(Json::as_str);
    if member("type") != Some(EMERGENCY_RIGHT) {
        return Ok(None);
    }
    let stated = |name: &str| member(name).ok_or_else(|| format!("it has no `{name}`"));
    let said = said(stated("chopmark:asked")?, stated("chopmark:reason")?);
    let act = stated("chopmark:act")?.to_owned();
    Ok(Some(StepRecord { log: log.to_owned(), index, act, said }))
}

/// All that a record or a row says of a right.
fn said(description: &str, reason: &str) -> String {
    format!("{description}, because: {reason}")
}

/// What does not fit between a row and the records; those that fit are taken away.
fn compared(right: &StoredEmergency, records: &mut Vec<StepRecord>) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (act, after) in steps(right) {
        let texts: Vec<String> =
            after.iter().map(|right| said(&description(right), &right.reason)).collect();
        let of_act = |record: &StepRecord| record.act == act;
        if let Some(place) =
            records.iter().position(|record| of_act(record) && texts.contains(&record.said))
        {
            records.remove(place);
            continue;
        }
        let row = texts.into_iter().next().unwrap_or_default();
        let begins = format!("{}: ", right.id);
        let other =
            records.iter().position(|record| of_act(record) && record.said.starts_with(&begins));
        differences.push(match other {
            Some(place) => Difference::Otherwise { row, record: records.remove(place) },
            None => Difference::NotRecorded { id: right.id.clone(), act, row },
        });
    }
    differences
}

/// The steps that a row has, with the right as it was after each. Whoever ended it may have looked at it just before it was approved.
fn steps(right: &StoredEmergency) -> Vec<(&'static str, Vec<StoredEmergency>)> {
    let proposed = StoredEmergency { approved: None, ended: None, ..right.clone() };
    let approved = StoredEmergency { ended: None, ..right.clone() };
    let ended = vec![right.clone(), StoredEmergency { approved: None, ..right.clone() }];
    let mut steps = vec![(EmergencyAct::Propose.name(), vec![proposed])];
    if right.approved.is_some() {
        steps.push((EmergencyAct::Approve.name(), vec![approved]));
    }
    if right.ended.is_some() {
        steps.push((EmergencyAct::End.name(), ended));
    }
    steps
}
