//! `chopmark up`: runs the processes that a configuration file describes, here in one.
//!
//! The way through: log, roles, database (a private cluster if the file asks for one), then each role's own
//! `run`; SIGTERM, SIGINT or, if asked, the end of standard input stops them all, cleanly; a second signal
//! ends the process at once.
//!
//! What holds: the roles meet only in the database and on the wire, exactly as when each runs by its own
//! binary; if one fails, the others are stopped and its error is the command's.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing_subscriber::EnvFilter;

use crate::config::{File, Format, Log, Role};

/// What to run.
#[derive(clap::Args)]
pub struct Arguments {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    /// Runs only this role; may be given several times. Default: every role with a section in the file
    #[arg(long, value_enum)]
    role: Vec<Role>,
    /// Stops when standard input ends, so that nothing outlives the program that started this
    #[arg(long)]
    until_stdin_ends: bool,
}

/// Runs until told to stop.
///
/// # Errors
///
/// If the file is not usable or a role fails.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let file = File::load(&arguments.config)?;
    start_log(&file.log);
    let roles = if arguments.role.is_empty() { file.roles() } else { arguments.role.clone() };
    anyhow::ensure!(
        !roles.is_empty(),
        "{} has none of [firmware_bridge], [ingest], [anchor], [trace_api]; there is nothing to run",
        arguments.config.display()
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // The roles' own loops share this thread; their servers and writers have threads of their own.
    let local = tokio::task::LocalSet::new();
    let serving = serve(&file, &arguments.config, &roles, arguments.until_stdin_ends);
    let served = runtime.block_on(local.run_until(serving));
    // A thread that waits for the end of standard input must not be waited for.
    runtime.shutdown_background();
    served?;
    Ok(ExitCode::SUCCESS)
}

fn start_log(log: &Log) {
    let filter = EnvFilter::try_from_default_env()
        .or_else(|_| EnvFilter::try_new(log.level.as_deref().unwrap_or("info")))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A log on a full disk is lost; to complain of that on the same disk would be a panic.
        .log_internal_errors(false);
    match log.format {
        Format::Text => {
            lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init();
        }
        Format::Json => lines.json().init(),
    }
}

async fn serve(
    file: &File,
    path: &Path,
    roles: &[Role],
    until_stdin_ends: bool,
) -> anyhow::Result<()> {
    let needs_database = roles.iter().any(|role| *role != Role::Bridge);
    let (db, cluster) = if needs_database {
        let (url, cluster) = file.open_database()?;
        let db = sql::Db::connect(&url).await?;
        db.migrate().await?;
        (Some(db), cluster)
    } else {
        (None, None)
    };
    let (stop, shutdown) = watch::channel(false);
    let mut running = JoinSet::new();
    for role in roles {
        start(*role, path, db.as_ref(), shutdown.clone(), &mut running)?;
    }
    let stopper = stop.clone();
    tokio::spawn(wait_for_end(until_stdin_ends, stopper));
    let mut first_error = None;
    while let Some(ended) = running.join_next().await {
        if let Err(error) = ended.map_err(anyhow::Error::from).flatten() {
            tracing::error!(error = format!("{error:#}"), "a role ended with an error");
            first_error.get_or_insert(error);
        }
        stop.send(true).ok();
    }
    drop(cluster);
    first_error.map_or(Ok(()), Err)
}

fn start(
    role: Role,
    path: &Path,
    db: Option<&sql::Db>,
    shutdown: watch::Receiver<bool>,
    running: &mut JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let database = || db.cloned().context("this role needs [database]");
    match role {
        Role::Bridge => {
            let config = firmware_bridge::config::File::load(path)?.resolve()?;
            running.spawn_local(async move { Ok(firmware_bridge::run(config, shutdown).await?) });
        }
        Role::Ingest => {
            let config = ingest::config::File::load(path)?.resolve()?;
            let db = database()?;
            running.spawn_local(async move { Ok(ingest::run(config, db, shutdown).await?) });
        }
        Role::Anchor => {
            let config = anchor::config::File::load(path)?.resolve()?;
            let db = database()?;
            running.spawn_local(async move { Ok(anchor::run(config, db, shutdown).await?) });
        }
        Role::TraceApi => {
            let config = trace_api::config::File::load(path)?.resolve()?;
            let db = database()?;
            let context = process::Context {
                clock: process::Clock::system(),
                random: process::Randomness::system(),
                crash: process::CrashPoints::from_env(),
                shutdown,
            };
            running.spawn_local(async move { Ok(trace_api::run(config, db, context).await?) });
        }
    }
    Ok(())
}

/// Time after which another signal is a second one: some senders reach a process twice with one.
const AGAIN: Duration = Duration::from_millis(300);

/// Waits for SIGTERM, SIGINT or, if asked, the end of standard input, and says `stop`; a second signal ends the
/// process at once, as a power cut would.
async fn wait_for_end(until_stdin_ends: bool, stop: watch::Sender<bool>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    let stdin_ended = async {
        if until_stdin_ends {
            tokio::task::spawn_blocking(|| {
                std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()).ok();
            })
            .await
            .ok();
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = stdin_ended => {}
    }
    stop.send(true).ok();
    let asked = Instant::now();
    loop {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if asked.elapsed() > AGAIN {
            tracing::warn!(
                "asked twice to stop; what is not finished is taken up at the next start"
            );
            std::process::exit(130);
        }
    }
}
