//! The trace-api process by itself; `chopmark up --role trace-api` runs the same.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;

/// Answers scans, histories, proofs and bundles from the ledgers.
#[derive(Parser)]
#[command(version, about, long_about = None)]
struct Arguments {
    /// The configuration file shared by all processes.
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let file = trace_api::config::File::load(&arguments.config)?;
    let url = file.database.url.clone().context(
        "[database] has no url; the trace-api process by itself needs one (`chopmark up` can start a private one)",
    )?;
    let config = file.resolve()?;
    let db = sql::Db::connect(&url).await?;
    db.migrate().await?;
    let (stop, shutdown) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        wait_for_signal().await;
        stop.send(true).ok();
    });
    let context = process::Context {
        clock: process::Clock::system(),
        random: process::Randomness::system(),
        crash: process::CrashPoints::from_env(),
        shutdown,
    };
    trace_api::run(config, db, context).await?;
    Ok(())
}

/// Waits for SIGTERM or SIGINT.
async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
