//! `chopmark up`: runs the processes that a configuration file describes, here in one.
//!
//! The way through: signals are taken over; the file is read and every role's section resolved; logging; the database (a private cluster if
//! the file asks for one), migrated if this process has the owner's URL; then each role's own `run`, until a signal or
//! the end of standard input.
//!
//! What holds:
//!
//! - nothing is started or migrated while anything in the configuration is wrong;
//! - roles meet only in the database and on the wire, exactly as when each runs in a process of its own;
//! - if one role fails, the others are stopped and its error is the command's;
//! - a private PostgreSQL that dies is started again; if it cannot be, the process ends and says why;
//! - a signal to stop is followed at any time, also while PostgreSQL recovers or the schema is migrated;
//! - the service manager is told when every role runs, and that they are alive.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::ValueEnum as _;
use process::config::Installation;
use process::config::keys::plain_files;
use process::service::Manager;
use process::signals::{Hangups, Signals};
use process::{Context, OneAddress};
use sql::supervisor::Reports;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::configuration::Checked;
use crate::database::Database;
use crate::one_address;
use crate::role::{Resolved, Role, Selected};

/// How long roles have to end after the database was given up: they cannot finish what needs it.
const END_WITHOUT_DATABASE: Duration = Duration::from_secs(15);
/// Said when a signal came before every role had started.
const STOPPED_EARLY: &str =
    "asked to stop before everything had started; what was under way is given up";

/// What to run.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  chopmark up                                   every role of ./chopmark.toml, in one process
  chopmark up --role ingest                     one role, as a service manager runs it
  chopmark up --role ingest --role trace-api    two of them

Rights: `[database] url` is the owner of the schema. A process that has it migrates the schema first.
In production give it only to `chopmark migrate`, and each role its own file with ingest_url, anchor_url,
trace_api_url or desk_url; the role then checks the schema's version and changes nothing. Details: docs/operations.md.

Signals: SIGTERM and SIGINT stop it in order, a second one at once; SIGHUP reads certificates and name files again.
A private PostgreSQL (`embedded = true`) that dies is started again; if it fails too often, the process ends and says why.

Exit status: 0 stopped as asked, 2 the configuration is wrong or a role failed.")]
pub struct Arguments {
    #[command(flatten)]
    selected: Selected,
    /// Stops when standard input ends, so that nothing outlives the program that started this
    #[arg(long)]
    until_stdin_ends: bool,
}

/// Runs until it is stopped.
///
/// # Errors
///
/// If the configuration is not usable or a role fails.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // Before anything is read: a signal from now on is one to stop, or to read again, what is being read.
    let (stop, shutdown) = watch::channel(false);
    let context = Context::system(shutdown);
    let inside = runtime.enter();
    listen(&context, &stop, arguments.until_stdin_ends)?;
    drop(inside);
    let served = run_with(arguments, &runtime, context, stop);
    // The thread that waits for the end of standard input must not be waited for.
    runtime.shutdown_background();
    served?;
    Ok(ExitCode::SUCCESS)
}

fn run_with(
    arguments: &Arguments,
    runtime: &tokio::runtime::Runtime,
    context: Context,
    stop: watch::Sender<bool>,
) -> anyhow::Result<()> {
    let (installation, roles, resolved) =
        Checked::read(&arguments.selected.config, &arguments.selected.role).ready()?;
    anyhow::ensure!(
        !roles.is_empty(),
        "{}: got none of [firmware_bridge], [ingest], [anchor], [trace_api], [desk], expected at least one; \
         there is nothing to run",
        arguments.selected.config.display()
    );
    let _log = process::log::start(&installation.log, &service(&roles))?;
    for (section, file) in plain_files(&installation) {
        tracing::warn!(
            section,
            file = %file.display(),
            "this key file is not encrypted; `chopmark keys encrypt` encrypts it"
        );
    }
    // The roles' own loops share this thread; their servers and writers have threads of their own.
    let local = tokio::task::LocalSet::new();
    let serving = serve(&installation, resolved, context, stop);
    runtime.block_on(local.run_until(serving))
}

/// Takes over the signals; to be called inside a runtime.
fn listen(
    context: &Context,
    stop: &watch::Sender<bool>,
    until_stdin_ends: bool,
) -> std::io::Result<()> {
    let clock = context.clock.clone();
    tokio::spawn(Signals::listen()?.stop(until_stdin_ends, stop.clone(), clock));
    tokio::spawn(Hangups::listen()?.reload(context.reloads.clone(), stop.clone()));
    Ok(())
}

/// Name of this process in traces: `chopmark-ingest`, or `chopmark` if it runs several roles.
fn service(roles: &[Role]) -> String {
    match roles {
        [role] => {
            let value = role.to_possible_value();
            let name = value.as_ref().map_or("", clap::builder::PossibleValue::get_name);
            format!("chopmark-{name}")
        }
        _ => "chopmark".to_owned(),
    }
}

async fn serve(
    installation: &Installation,
    roles: Vec<Resolved>,
    context: Context,
    stop: watch::Sender<bool>,
) -> anyhow::Result<()> {
    let manager = Manager::from_env()?;
    let (given_up, lost) = mpsc::unbounded_channel();
    let is_unwanted = Arc::new(AtomicBool::new(false));
    tokio::spawn(note_stop(context.shutdown.clone(), Arc::clone(&is_unwanted)));
    let database = match open_database(installation, &roles, &context, given_up, &is_unwanted) {
        Err(reason) if is_unwanted.load(Ordering::Relaxed) => {
            tracing::info!(reason = format!("{reason:#}"), "{STOPPED_EARLY}");
            return Ok(());
        }
        opened => opened?,
    };
    let mut stopping = context.shutdown.clone();
    let mut running = JoinSet::new();
    let starting = start_all(roles, database.as_ref(), &context, manager, &mut running);
    let started = tokio::select! {
        started = starting => Some(started),
        // What is under way in the database ends with the connection, and is undone there.
        _ = stopping.wait_for(|stop| *stop) => None,
    };
    if let Some(started) = started {
        started?;
    } else {
        tracing::info!("{STOPPED_EARLY}");
    }
    let first_error = until_ended(&mut running, &stop, lost).await;
    // The private cluster, if there is one, stops last.
    drop(database);
    first_error.map_or(Ok(()), Err)
}

/// Turns `is_unwanted` true when the process is to stop, for those who wait without being asked.
async fn note_stop(mut shutdown: watch::Receiver<bool>, is_unwanted: Arc<AtomicBool>) {
    if shutdown.wait_for(|stop| *stop).await.is_ok() {
        is_unwanted.store(true, Ordering::Relaxed);
    }
}

/// Migrates, and starts every role.
async fn start_all(
    roles: Vec<Resolved>,
    database: Option<&Database>,
    context: &Context,
    manager: Manager,
    running: &mut JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<()> {
    if let Some(database) = database {
        database.migrate_as_owner().await?;
    }
    let (service, stopping) = (context.service.clone(), context.shutdown.clone());
    // The thread on which the roles' own loops run is a worker as well.
    service.beat_here();
    tokio::spawn(manager.follow(service, roles.len(), context.reload(), stopping));
    let one_address = one_address::is_shared(&roles).then(OneAddress::default);
    for role in roles {
        let context = Context { one_address: one_address.clone(), ..context.clone() };
        start(role, database, context, running).await?;
    }
    Ok(())
}

/// Opens the database, if a role needs one; `given_up` is told when a private one cannot be kept running.
fn open_database(
    installation: &Installation,
    roles: &[Resolved],
    context: &Context,
    given_up: mpsc::UnboundedSender<sql::Error>,
    is_unwanted: &AtomicBool,
) -> anyhow::Result<Option<Database>> {
    if roles.iter().all(|role| matches!(role, Resolved::Bridge(_))) {
        return Ok(None);
    }
    let restarts = context.metrics.database_restarts.clone();
    let reports = Reports {
        restarted: Box::new(move || restarts.inc()),
        gave_up: Box::new(move |error| _ = given_up.send(error)),
    };
    Database::supervised(installation, reports, is_unwanted).map(Some)
}

/// Waits until every role has ended, and stops the others once one has; gives the first error.
///
/// - `lost`: why the database was given up. Then the roles are stopped, and not waited for much longer.
async fn until_ended(
    running: &mut JoinSet<anyhow::Result<()>>,
    stop: &watch::Sender<bool>,
    mut lost: mpsc::UnboundedReceiver<sql::Error>,
) -> Option<anyhow::Error> {
    let mut first_error = None;
    let mut last_moment = None;
    loop {
        let too_late = async {
            match last_moment {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = running.join_next() => {
                let Some(ended) = ended else { return first_error };
                if let Err(error) = ended.map_err(anyhow::Error::from).flatten() {
                    tracing::error!(error = format!("{error:#}"), "a role ended with an error");
                    first_error.get_or_insert(error);
                }
            }
            Some(error) = lost.recv() => {
                first_error = Some(error.into());
                last_moment = Some(tokio::time::Instant::now() + END_WITHOUT_DATABASE);
            }
            () = too_late => {
                tracing::error!("roles that wait for the database are not waited for any longer");
                return first_error;
            }
        }
        stop.send(true).ok();
    }
}

/// Connects a role to the database and starts it.
async fn start(
    role: Resolved,
    database: Option<&Database>,
    context: Context,
    running: &mut JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let connect = async |role| match database {
        Some(database) => database.connect(role).await,
        None => anyhow::bail!("[database] section: got none, expected one for this role"),
    };
    match role {
        Resolved::Bridge(config) => {
            running.spawn_local(async { Ok(firmware_bridge::run(*config, context).await?) });
        }
        Resolved::Ingest(config) => {
            let db = connect(Role::Ingest).await?;
            running.spawn_local(async { Ok(ingest::run(*config, db, context).await?) });
        }
        Resolved::Anchor(config) => {
            let db = connect(Role::Anchor).await?;
            running.spawn_local(async { Ok(anchor::run(*config, db, context).await?) });
        }
        Resolved::TraceApi(config) => {
            let db = connect(Role::TraceApi).await?;
            running
                .spawn_local(async { Ok(Box::pin(trace_api::run(*config, db, context)).await?) });
        }
        Resolved::Desk(config) => {
            let db = connect(Role::Desk).await?;
            running.spawn_local(async { Ok(desk::run(*config, db, context).await?) });
        }
    }
    Ok(())
}
