//! The bridge process by itself; `chopmark up --role bridge` runs the same.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;

/// Reads RFID readers and sensors and delivers signed observations to ingest.
#[derive(Parser)]
#[command(version, about, long_about = None)]
struct Arguments {
    /// The configuration file
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
        // A log on a full disk is lost; to complain of that on the same disk would be a panic.
        .log_internal_errors(false)
        .init();
    let arguments = Arguments::parse();
    let config = firmware_bridge::config::File::load(&arguments.config)?.resolve()?;
    let (stop, shutdown) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut terminate), Ok(mut interrupt)) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            return;
        };
        let mut asked: Option<Instant> = None;
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            // Some senders reach a process twice with one signal.
            if asked.get_or_insert_with(Instant::now).elapsed() > Duration::from_millis(300) {
                std::process::exit(130);
            }
            stop.send(true).ok();
        }
    });
    firmware_bridge::run(config, shutdown).await?;
    Ok(())
}
