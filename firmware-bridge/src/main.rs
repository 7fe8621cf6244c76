//! The bridge process by itself; `chopmark up --role bridge` runs the same.

use std::path::PathBuf;

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
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        stop.send(true).ok();
    });
    firmware_bridge::run(config, shutdown).await?;
    Ok(())
}
