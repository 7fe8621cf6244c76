//! `chopmark access emergency check`: whether the rows of rights of an emergency are what the log of reads says.
//!
//! What holds: only logs that the configuration names are read.
//!
//! Not here: the comparison (`gate::emergency_check`), whether the log was altered (`chopmark audit`).
//!
//! Source: decision 0090.

use std::process::ExitCode;

use gate::emergency_check::{Checked, Difference, StepRecord, check};
use ledger::json::{Json, object};
use process::config::ledger::LedgerKind;
use process::config::{Problem, Problems};

use crate::owner::Place;
use crate::terminal::{self, out, problem};

const APPLICATION: &str = "chopmark access emergency check";

/// Compares, and prints every difference; status 1 if there is one.
///
/// # Errors
///
/// If the file names no log of reads, or the database cannot be asked.
pub async fn run(place: &Place, json: bool) -> anyhow::Result<ExitCode> {
    let installation = place.installation()?;
    let audits = installation.ledgers.iter().filter(|one| one.kind == LedgerKind::Audit);
    let logs: Vec<String> = audits.map(|one| one.origin.clone()).collect();
    if logs.is_empty() {
        let expected = "a [[ledger]] with kind = \"audit\": steps of rights are recorded there";
        let none = Problem::value("[[ledger]]", "kind", "none of kind `audit`", expected);
        return Err(Problems::from(none).into());
    }
    let open = place.open(APPLICATION).await?;
    let Checked { rows, records, differences } = check(&open.db, &logs).await?;
    for difference in &differences {
        if json {
            terminal::json(&object(members(difference)).canonical());
        } else {
            problem!("{}", text(difference));
        }
    }
    if !json {
        let count = differences.len();
        out!("{rows} rights, {records} recorded steps in {}: {count} differences", logs.join(", "));
        out!("Whether the log itself was altered says `chopmark audit`.");
    }
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(difference: &Difference) -> String {
    match difference {
        Difference::NotRecorded { id, act, row } => {
            format!("{id}: no record says who did `{act}`; the row says: {row}")
        }
        Difference::Otherwise { row, record: StepRecord { log, index, act, said } } => {
            format!("record {index} of {log}, `{act}`, says: {said}\n    the row says: {row}")
        }
        Difference::NotStored(StepRecord { log, index, act, said }) => format!(
            "record {index} of {log}, `{act}`, has no row: it was deleted, or the step failed after it was recorded; the record says: {said}"
        ),
        Difference::Unreadable { log, index, why } => {
            format!("record {index} of {log} cannot be read: {why}")
        }
    }
}

fn members(difference: &Difference) -> Vec<(&'static str, Json)> {
    let of = |record: &StepRecord| {
        let StepRecord { log, index, act, said } = record;
        vec![
            ("ledger", Json::from(log.as_str())),
            ("index", Json::from(*index)),
            ("act", Json::from(act.as_str())),
            ("record", Json::from(said.as_str())),
        ]
    };
    let what = |name: &str| ("difference", Json::from(name));
    match difference {
        Difference::NotRecorded { act, row, .. } => {
            vec![what("not recorded"), ("act", Json::from(*act)), ("row", Json::from(row.as_str()))]
        }
        Difference::Otherwise { row, record } => {
            [vec![what("otherwise"), ("row", Json::from(row.as_str()))], of(record)].concat()
        }
        Difference::NotStored(record) => [vec![what("not stored")], of(record)].concat(),
        Difference::Unreadable { log, index, why } => vec![
            what("unreadable"),
            ("ledger", Json::from(log.as_str())),
            ("index", Json::from(*index)),
            ("why", Json::from(why.as_str())),
        ],
    }
}
