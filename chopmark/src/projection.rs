//! `chopmark projection`: how far the projection of events is, and making it anew.
//!
//! The way through: `status` reads how far it is and which records it left out; `rebuild` empties it, and projects what the
//! ledgers hold, by itself or, where a trace-api runs, by watching that one do it.
//!
//! What holds: nothing that is evidence is touched; a rebuild that is interrupted is gone on with by the next trace-api, or by the next
//! `rebuild`; whoever pages through an answer meanwhile is told to begin again.
//!
//! Not here: the rows (`sql::events`), what a record becomes (`history::projected`).

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use process::config::Installation;
use process::{Clock, CrashPoints};
use serde_json::json;
use sql::events::{Lag, Skip};
use sql::{Db, Settings};

use crate::database::Database;
use crate::terminal::{self, out, problem};

/// Records that were left out, of which `status` shows at most so many.
const MOST_SHOWN: u32 = 20;
/// Time between two looks at a projector of another process.
const LOOK: Duration = Duration::from_millis(500);
/// Without any progress for so many looks, nobody projects.
const PATIENCE: u32 = 60;

/// Subcommands of `chopmark projection`.
#[derive(Subcommand)]
pub enum Command {
    /// Says how many events are projected, what waits, and which records were left out
    ///
    /// With --json one object: `position` (events), `generation`, `ledgers` and `records` that wait, `seconds` for which the
    /// oldest waits, `leftOut` (list of `ledger`, `index`, `reason`; at most 20).
    ///
    /// Example: chopmark projection status --config chopmark.toml --json
    Status {
        /// The configuration file, for the database
        #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
        config: PathBuf,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Empties the projection and makes it anew from the ledgers; queries lack events until it is done
    ///
    /// It needs the owner's URL. A trace-api that runs does the work, and this command shows how far it is.
    ///
    /// Example: chopmark projection rebuild --config chopmark.toml
    Rebuild {
        /// The configuration file, for the database
        #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
        config: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
///
/// If the database cannot be read, or the projection not be written.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    match command {
        Command::Status { config, json } => {
            let database = Database::open(&Installation::read(config)?)?;
            let settings = Settings { connections: 2, ..Settings::new(database.reading_url()?) };
            runtime.block_on(status(&settings, *json))?;
        }
        Command::Rebuild { config } => {
            let database = Database::open(&Installation::read(config)?)?;
            let settings = database.owner_settings("chopmark projection")?;
            let settings = Settings { application: "chopmark projection", ..settings };
            return runtime.block_on(rebuild(&settings));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn status(settings: &Settings, is_json: bool) -> anyhow::Result<()> {
    let db = Db::connect(settings).await?;
    db.check_schema().await?;
    let lag = sql::events::lag(&db).await?;
    let left_out = sql::events::skips(&db, None, MOST_SHOWN).await?;
    let seconds = lag.seconds(Clock::system().now());
    if is_json {
        terminal::json(&serde_json::to_string_pretty(&document(&lag, seconds, &left_out))?);
        return Ok(());
    }
    out!("{} events are projected (generation {})", lag.position, lag.generation);
    if lag.records == 0 {
        out!("nothing waits");
    } else {
        let Lag { records, ledgers, .. } = lag;
        out!("{records} records of {ledgers} ledgers wait, the oldest for {seconds} s");
    }
    for Skip { origin, index, reason, .. } in &left_out {
        out!("left out: record {index} of {origin}: {reason}");
    }
    Ok(())
}

fn document(lag: &Lag, seconds: u64, left_out: &[Skip]) -> serde_json::Value {
    let left_out = left_out
        .iter()
        .map(|skip| json!({ "ledger": skip.origin, "index": skip.index, "reason": skip.reason }));
    json!({
        "position": lag.position,
        "generation": lag.generation,
        "ledgers": lag.ledgers,
        "records": lag.records,
        "seconds": seconds,
        "leftOut": left_out.collect::<Vec<_>>(),
    })
}

async fn rebuild(settings: &Settings) -> anyhow::Result<ExitCode> {
    let db = Db::connect(settings).await?;
    db.check_schema().await?;
    db.run_tx("chopmark.rebuild", async |tx| sql::events::clear(tx).await).await?;
    let total = sql::events::lag(&db).await?.records;
    out!("the projection is empty; {total} records are projected");
    let Some(lease) = sql::events::hold_projector(&db).await? else {
        return watch(&db, total).await;
    };
    loop {
        lease.check()?;
        let done = trace_api::projector::project_once(&db, &CrashPoints::none()).await?;
        if done.records == 0 {
            break;
        }
        show(total, sql::events::lag(&db).await?.records);
    }
    drop(lease);
    end(&db).await
}

/// Shows how far the projector of another process is.
async fn watch(db: &Db, total: u64) -> anyhow::Result<ExitCode> {
    out!("a trace-api projects them; this command may be ended, the work goes on");
    let (mut before, mut unchanged) = (u64::MAX, 0);
    loop {
        let lag = sql::events::lag(db).await?;
        if lag.records == 0 {
            return end(db).await;
        }
        unchanged = if lag.position == before { unchanged + 1 } else { 0 };
        if unchanged > PATIENCE {
            problem!(
                "{} records wait and nothing is projected: trace-api's log says why",
                lag.records
            );
            return Ok(ExitCode::from(1));
        }
        before = lag.position;
        show(total, lag.records);
        tokio::time::sleep(LOOK).await;
    }
}

fn show(total: u64, waiting: u64) {
    if terminal::is_watched() {
        let done = total.saturating_sub(waiting);
        let share = (done * 100).checked_div(total).unwrap_or(100);
        terminal::status(&format!("{share} %  {done} of {total} records"));
    }
}

async fn end(db: &Db) -> anyhow::Result<ExitCode> {
    if terminal::is_watched() {
        terminal::status("");
    }
    let lag = sql::events::lag(db).await?;
    out!("{} events are projected", lag.position);
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_and_what_was_left_out_is_in_the_json() {
        let since = Some(jiff::Timestamp::UNIX_EPOCH);
        let lag = Lag { position: 7, generation: 2, ledgers: 1, records: 3, since };
        let skip = Skip {
            ledger: sql::LedgerId(1),
            origin: "a.example/x".to_owned(),
            index: 4,
            reason: "it is no event".to_owned(),
        };
        let seconds = lag.seconds("1970-01-01T00:01:30Z".parse().unwrap());
        let document = document(&lag, seconds, &[skip]);
        assert_eq!((&document["position"], &document["seconds"]), (&json!(7), &json!(90)));
        assert_eq!(document["leftOut"][0]["ledger"], "a.example/x");
    }
}
