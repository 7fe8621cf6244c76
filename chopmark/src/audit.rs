//! `chopmark audit`: recomputes every ledger from its rows and names what does not fit.
//!
//! The way through: every ledger is read in order from the database and fed, row by row, to
//! [`ledger::audit::LedgerAudit`]; the item index is compared with what the records name, both ways; the
//! hub's entries are compared with the ledgers' checkpoints.
//!
//! What holds: nothing is written; the keys come from the policy file, not from the database.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use ledger::audit::{AuditSummary, Finding, LedgerAudit};
use ledger::json::{Json, object};
use ledger::policy::Policy;
use ledger::record::Record;
use sql::Db;
use sql::ledgers::LedgerRow;

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
    let policy: Policy = std::fs::read_to_string(&arguments.policy)
        .with_context(|| format!("could not read {}", arguments.policy.display()))?
        .parse()
        .with_context(|| format!("{} is no policy", arguments.policy.display()))?;
    let (url, cluster) = match &arguments.database {
        Some(url) => (url.clone(), None),
        None => crate::config::File::load(&arguments.config)?.open_database()?,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let summaries = runtime.block_on(async {
        let db = Db::connect(&url).await?;
        audit_all(&db, &policy).await
    })?;
    drop(cluster);
    let is_whole = summaries.iter().all(|summary| summary.findings.is_empty());
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

async fn audit_ledger(db: &Db, policy: &Policy, row: &LedgerRow) -> anyhow::Result<AuditSummary> {
    let mut audit = if row.kind == "hub" {
        LedgerAudit::of_hub(&row.origin, policy)
    } else {
        LedgerAudit::of_site(&row.origin, policy)
    };
    let mut more = Vec::new();
    let mut named: HashSet<(i64, u64)> = HashSet::new();
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
    let mut size = 0;
    loop {
        let checkpoints = sql::ledgers::checkpoints_after(db, row.id, size, 1000).await?;
        let Some(last) = checkpoints.last() else { break };
        size = last.size;
        for checkpoint in &checkpoints {
            audit.checkpoint(checkpoint.size, &checkpoint.note);
        }
    }
    let head = sql::ledgers::head(db, row.id).await?;
    let mut found: HashSet<(i64, u64)> = HashSet::new();
    let mut from = 0;
    while from < head.size {
        let to = from + 10_000;
        found.extend(sql::items::of_ledger(db, row.id, from, to).await?);
        from = to;
    }
    let finding = |index: u64, what: &str| Finding {
        ledger: row.origin.clone(),
        index: Some(index),
        what: what.to_owned(),
    };
    let missing: HashSet<u64> = named.difference(&found).map(|(_, index)| *index).collect();
    let invented: HashSet<u64> = found.difference(&named).map(|(_, index)| *index).collect();
    more.extend(
        missing
            .iter()
            .map(|i| finding(*i, "the item index leaves out a thing that the record names")),
    );
    more.extend(
        invented
            .iter()
            .map(|i| finding(*i, "the item index has a thing that the record does not name")),
    );
    let mut summary = audit.finish(head.size, &head.root);
    more.sort_by_key(|finding| finding.index);
    summary.findings.extend(more);
    Ok(summary)
}

fn print(summaries: &[AuditSummary]) {
    for summary in summaries {
        let word = if summary.findings.is_empty() { "whole " } else { "BROKEN" };
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
                ("findings", Json::Array(findings)),
            ])
        })
        .collect();
    object([("ledgers", Json::Array(ledgers))])
}
