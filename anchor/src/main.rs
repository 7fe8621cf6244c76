//! The anchor process by itself; `chopmark up --role anchor` runs the same. Also deploys the contract.

use std::path::PathBuf;
use std::time::Duration;

use anchor::rpc::Rpc;
use anchor::wallet::Wallet;
use clap::{Parser, Subcommand};
use process::{Clock, Context, CrashPoints, Randomness};

/// Publishes the ledgers' checkpoints on a public chain.
#[derive(Parser)]
#[command(version, about, long_about = None, args_conflicts_with_subcommands = true)]
struct Arguments {
    /// The configuration file shared by all processes.
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Makes a publisher's key, mode 0600, and prints its address.
    NewKey {
        /// The file to write; never overwritten.
        path: PathBuf,
    },
    /// Puts the contract on a chain and prints its address.
    Deploy {
        /// A JSON-RPC endpoint of the chain.
        #[arg(long, value_name = "URL")]
        rpc: String,
        /// The chain's id.
        #[arg(long)]
        chain_id: u64,
        /// The publisher's key file; its account pays.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Seconds to wait for the block.
        #[arg(long, default_value_t = 300)]
        patience_s: u64,
    },
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::NewKey { path }) => {
            println!("{}", Wallet::create(&path, Randomness::system().source())?.address());
            Ok(())
        }
        Some(Command::Deploy { rpc, chain_id, key, patience_s }) => {
            let rpc = Rpc::new(&[rpc], chain_id, Clock::system());
            let wallet = Wallet::load(&key)?;
            let patience = Duration::from_secs(patience_s);
            println!("{}", anchor::deploy::deploy(&rpc, &wallet, patience)?.contract);
            Ok(())
        }
        None => run(&arguments.config),
    }
}

#[tokio::main]
async fn run(path: &std::path::Path) -> anyhow::Result<()> {
    let file = anchor::config::File::load(path)?;
    let url = anyhow::Context::context(
        file.database.url.clone(),
        "[database] has no url; the anchor process by itself needs one (`chopmark up` can start a private one)",
    )?;
    let config = file.resolve()?;
    let db = sql::Db::connect(&sql::Settings::new(url)).await?;
    db.migrate().await?;
    let (stop, shutdown) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        wait_for_signal().await;
        stop.send(true).ok();
    });
    let context = Context {
        clock: Clock::system(),
        random: Randomness::system(),
        crash: CrashPoints::from_env(),
        shutdown,
    };
    anchor::run(config, db, context).await?;
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
