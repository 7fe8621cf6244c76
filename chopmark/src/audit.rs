//! `chopmark audit`: recomputes every ledger from its rows and reports every contradiction.
//!
//! The way through: every ledger, hubs included, is read in order from the database and passed, row by row, to
//! [`ledger::audit::LedgerAudit`]; the item index is compared with what the records name, both ways.
//!
//! What holds: nothing is written; the keys come from the policy file, not from the database.
//!
//! Not here: comparing a ledger with its entries in the hub, and the hub with its anchors.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

use ledger::audit::{AuditSummary, Finding, LedgerAudit};
use ledger::json::{Json, object};
use ledger::policy::Policy;
use ledger::record::Record;
use process::config::Installation;
use sql::Db;
use sql::ledgers::LedgerRow;

use crate::database::Database;
use crate::policy_file;

/// What to audit.
#[derive(clap::Args)]
pub struct Arguments {
    /// The configuration file, for the database
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    /// The database itself, instead of the one in the configuration file
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The policy file: the keys that checkpoints must be signed with
    #[arg(long)]
    policy: PathBuf,
    /// Prints the findings as JSON
    #[arg(long)]
    json: bool,
}

/// Audits; exit status 0 whole, 1 broken.
///
/// # Errors
///
/// If the database or a file cannot be read.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let policy = policy_file::read(&arguments.policy)?;
    let (url, database) = if let Some(url) = &arguments.database {
        (url.clone(), None)
    } else {
        let database = Database::open(&Installation::read(&arguments.config)?)?;
        (database.reading_url()?, Some(database))
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let summaries = runtime.block_on(async {
        let db = Db::connect(&sql::Settings::new(url)).await?;
        audit_all(&db, &policy).await
    })?;
    drop(database);
    let is_whole = summaries.iter().all(AuditSummary::is_whole);
    if arguments.json {
        println!("{}", to_json(&summaries).canonical());
    } else {
        print(&summaries);
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Audits every ledger in the database.
///
/// # Errors
///
/// If the database cannot be read.
pub async fn audit_all(db: &Db, policy: &Policy) -> anyhow::Result<Vec<AuditSummary>> {
    let mut summaries = Vec::new();
    for row in sql::ledgers::list_ledgers(db).await? {
        summaries.push(audit_ledger(db, policy, &row).await?);
    }
    Ok(summaries)
}

/// An entry of the item index: key of the item, index of the record.
type IndexEntry = (i64, u64);

async fn audit_ledger(db: &Db, policy: &Policy, row: &LedgerRow) -> anyhow::Result<AuditSummary> {
    let mut audit = if row.kind == "hub" {
        LedgerAudit::of_hub(&row.origin, policy)
    } else {
        LedgerAudit::of_site(&row.origin, policy)
    };
    let named = audit_rows(db, row, &mut audit).await?;
    audit_checkpoints(db, row, &mut audit).await?;
    let head = sql::ledgers::head(db, row.id).await?;
    let indexed = index_entries(db, row, head.size).await?;
    let mut summary = audit.finish(head.size, &head.root);
    let missing = findings(
        row,
        named.difference(&indexed),
        "the item index leaves out an item that the record names",
    );
    let invented = findings(
        row,
        indexed.difference(&named),
        "the item index has an item that the record does not name",
    );
    let mut both: Vec<Finding> = missing.chain(invented).collect();
    both.sort_by_key(|finding| finding.index);
    summary.findings.extend(both);
    Ok(summary)
}

/// Passes every row to the audit; returns what the item index must hold of them.
async fn audit_rows(
    db: &Db,
    row: &LedgerRow,
    audit: &mut LedgerAudit<'_>,
) -> anyhow::Result<HashSet<IndexEntry>> {
    let mut named = HashSet::new();
    sql::ledgers::for_each_record(db, row.id, async |stored| {
        match &stored.secret {
            Some(secret) => {
                audit.record(stored.index, &stored.text, secret, &stored.leaf_hash);
                if let Ok(record) = Record::parse(&stored.text) {
                    let keys = record.names().into_iter().map(|name| sql::items::key(&name));
                    named.extend(keys.map(|key| (key, stored.index)));
                }
            }
            None => audit.hub_entry(stored.index, &stored.text, &stored.leaf_hash),
        }
        Ok(())
    })
    .await?;
    Ok(named)
}

/// Passes every checkpoint to the audit, in order of size.
async fn audit_checkpoints(
    db: &Db,
    row: &LedgerRow,
    audit: &mut LedgerAudit<'_>,
) -> anyhow::Result<()> {
    let mut size = 0;
    loop {
        let checkpoints = sql::ledgers::checkpoints_after(db, row.id, size, 1000).await?;
        let Some(last) = checkpoints.last() else { return Ok(()) };
        size = last.size;
        for checkpoint in &checkpoints {
            audit.checkpoint(checkpoint.size, &checkpoint.note);
        }
    }
}

/// The item index of a ledger of `size` records.
async fn index_entries(db: &Db, row: &LedgerRow, size: u64) -> anyhow::Result<HashSet<IndexEntry>> {
    const RECORDS: u64 = 10_000;
    let mut entries = HashSet::new();
    let mut from = 0;
    while from < size {
        let to = from + RECORDS;
        entries.extend(sql::items::of_ledger(db, row.id, from, to).await?);
        from = to;
    }
    Ok(entries)
}

/// One finding for each record that has such an entry.
fn findings<'a>(
    row: &LedgerRow,
    entries: impl Iterator<Item = &'a IndexEntry>,
    what: &str,
) -> impl Iterator<Item = Finding> {
    let records: HashSet<u64> = entries.map(|(_, index)| *index).collect();
    records.into_iter().map(move |index| Finding {
        ledger: row.origin.clone(),
        index: Some(index),
        what: what.to_owned(),
    })
}

fn print(summaries: &[AuditSummary]) {
    for summary in summaries {
        let word = if summary.is_whole() { "whole " } else { "BROKEN" };
        println!(
            "{word}  {}  {} records, {} checkpoints",
            summary.origin, summary.records, summary.checkpoints
        );
        for finding in &summary.findings {
            match finding.index {
                Some(index) => println!("        #{index}: {}", finding.what),
                None => println!("        {}", finding.what),
            }
        }
        if summary.more_findings > 0 {
            println!("        and {} more", summary.more_findings);
        }
    }
}

fn to_json(summaries: &[AuditSummary]) -> Json {
    let ledgers = summaries
        .iter()
        .map(|summary| {
            let findings = summary
                .findings
                .iter()
                .map(|finding| {
                    object([
                        ("index", finding.index.map_or(Json::Null, Json::from)),
                        ("what", Json::from(finding.what.as_str())),
                    ])
                })
                .collect();
            object([
                ("ledger", Json::from(summary.origin.as_str())),
                ("records", Json::from(summary.records)),
                ("checkpoints", Json::from(summary.checkpoints)),
                ("more_findings", Json::from(summary.more_findings)),
                ("findings", Json::Array(findings)),
            ])
        })
        .collect();
    object([("ledgers", Json::Array(ledgers))])
}
