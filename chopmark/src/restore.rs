//! `chopmark restore`: restores a backup into an empty machine, rehearses that, and decides when restored ledgers are signed again.
//!
//! The way through: the backup is checked and restored (`place`), sizes and roots are compared, the audit recomputes everything; every
//! ledger is then held. `check` says what is known of the held ledgers (`known`), `release` lets one sign again.
//!
//! What holds:
//!
//! - a database that is not empty is left alone;
//! - a ledger of which anybody who was asked knows more than the database is never released, whatever is accepted: other records at places
//!   that were given out are a fork, which every holder of a receipt can prove;
//! - where nobody knows more, a person accepts in words that acknowledged records may be lost; who was asked is stored with it.
//!
//! Not here: refusing to sign while a ledger is held ([`sql::holds`] and its trigger).
//!
//! Sources: docs/backup.md; docs/decisions/0054-a-restored-ledger-is-held.md.

mod known;
mod place;
mod work;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use ledger::policy::Policy;
use process::Clock;
use process::config::Installation;
use sql::holds::{Cause, Hold};
use sql::{Db, Settings};

use self::known::{Asked, Known};
use self::place::Opened;
use self::work::Work;
use crate::backup::interrupt::Interrupt;
use crate::backup::manifest::Kind;
use crate::backup::{passphrase, shelf};
use crate::database::Database;
use crate::policy_file;
use crate::terminal::{out, problem};

/// What to restore, and where to.
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_long_help = "\
The database must be empty. Files that are there stay; the configuration is restored to --config if there is none.
Afterwards every ledger is held: nothing is signed until `chopmark restore release`, unless the backup was made with --last.

Examples:
  chopmark restore --config chopmark.toml --from /backup --passphrase-file backup.pass
  chopmark restore --config chopmark.toml --from /backup --passphrase-file backup.pass --rehearse
  chopmark restore check --config chopmark.toml --seen partner.checkpoint
  chopmark restore release --config chopmark.toml --ledger site.example/1 --accept-loss \"the disk failed at 14:05\"

Exit status: 0 restored, or rehearsed, with a clean audit; 1 the audit found something; 2 not restored."
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    /// A backup, or the folder of backups, of which the newest is taken
    #[arg(long, value_name = "FOLDER", required = true)]
    from: Option<PathBuf>,
    /// File with the passphrase of the backup, mode 0600
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Name of the systemd credential with the passphrase of the backup
    #[arg(long, value_name = "NAME", conflicts_with = "passphrase_file")]
    passphrase_credential: Option<String>,
    /// The policy file for the audit. Default: that of the configuration
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Tables that are restored at the same time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Restores into a private database that is removed again, and audits it; nothing of this machine is changed
    #[arg(long)]
    rehearse: bool,
}

/// What to do about held ledgers.
#[derive(clap::Subcommand)]
enum Command {
    /// Says which ledgers are held, and who knows more of them than the database
    #[command(after_long_help = "\
Asked are the hubs of the database, the chain (with [anchor] in the configuration), and the checkpoints in --seen files: signed notes from
partners, witnesses, mirrors, receipts.

Example:
  chopmark restore check --config chopmark.toml --seen partner.checkpoint --policy policy.txt

Exit status: 0 nobody who was asked knows more, 1 somebody does, 2 could not be asked.")]
    Check(Asking),
    /// Lets a held ledger sign again, if nobody who was asked knows more of it
    #[command(after_long_help = "\
It is refused, whatever is accepted, if anybody who was asked knows more of the ledger: then restore a newer copy, or go on under a new
origin (docs/backup.md).

Example:
  chopmark restore release --config chopmark.toml --ledger site.example/1 --accept-loss \"the disk failed at 14:05\"

Exit status: 0 released, 1 refused, 2 could not be asked.")]
    Release {
        #[command(flatten)]
        asking: Asking,
        /// Origin of the ledger; may be given several times
        #[arg(long, required = true, value_name = "ORIGIN")]
        ledger: Vec<String>,
        /// Why it is accepted that records which were acknowledged after the backup may be lost; it is stored
        #[arg(long, required = true, value_name = "REASON")]
        accept_loss: String,
    },
    /// Holds every ledger of a database that was restored by other means: a disk image, point-in-time recovery, a replica
    #[command(after_long_help = "\
Run it before any process starts on the restored database.

Example:
  chopmark restore hold --config chopmark.toml --made-at 2026-11-20T02:00:00Z")]
    Hold {
        /// The configuration file
        #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
        config: PathBuf,
        /// The moment that the database was brought back to
        #[arg(long, value_name = "TIME")]
        made_at: Timestamp,
    },
}

/// Whom to ask about held ledgers.
#[derive(clap::Args)]
struct Asking {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    /// A checkpoint that somebody else holds; may be given several times
    #[arg(long, value_name = "FILE")]
    seen: Vec<PathBuf>,
    /// The policy file that --seen checkpoints must be signed under. Default: that of the configuration
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// Restores, or decides about held ledgers.
///
/// # Errors
///
/// If the backup is not whole, the database is not empty, or something cannot be read or written.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        None if arguments.rehearse => rehearse(arguments),
        None => restore(arguments),
        Some(Command::Check(asking)) => check(asking),
        Some(Command::Release { asking, ledger, accept_loss }) => {
            release(asking, ledger, accept_loss)
        }
        Some(Command::Hold { config, made_at }) => hold(config, *made_at),
    }
}

fn opened(arguments: &Arguments) -> anyhow::Result<Opened> {
    let from = arguments.from.as_deref().context("--from: got none, expected a backup")?;
    let folder = shelf::newest(from)?;
    let passphrase = passphrase(
        arguments.passphrase_file.as_deref(),
        arguments.passphrase_credential.as_deref(),
    )?;
    let opened = Opened::read(&folder, passphrase.as_ref())?;
    out!("backup    {}, made at {}, whole", folder.display(), opened.manifest.made_at);
    Ok(opened)
}

/// The policy file that a configuration names.
fn policy_path(installation: &Installation) -> Option<&Path> {
    let anchor = installation.anchor.as_ref().and_then(|section| section.policy.as_deref());
    let ingest = installation.ingest.as_ref().and_then(|section| section.policy.as_deref());
    let trace_api = installation.trace_api.as_ref().map(|section| section.policy.as_path());
    anchor.or(trace_api).or(ingest)
}

fn policy_of(given: Option<&Path>, installation: &Installation) -> anyhow::Result<Option<Policy>> {
    let path = given
        .map(Path::to_owned)
        .or_else(|| policy_path(installation).map(|path| installation.at(path)));
    path.map(|path| policy_file::read(&path)).transpose()
}

/// Audits what was restored; the exit status.
async fn audit(db: &Db, policy: Option<Policy>) -> anyhow::Result<ExitCode> {
    let Some(policy) = policy else {
        problem!(
            "not audited: got no policy in the configuration, expected --policy FILE; sizes and roots are those of the manifest"
        );
        return Ok(ExitCode::from(1));
    };
    let status = crate::audit::whole(db, policy).await?;
    Ok(ExitCode::from(u8::from(status != 0)))
}

fn restore(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let interrupt = Interrupt::listen()?;
    let opened = opened(arguments)?;
    opened.put_configuration(&arguments.config)?;
    let installation = Installation::read(&arguments.config)?;
    let _log = process::log::start(&installation.log, "chopmark-restore")?;
    let Some(schema) = opened.manifest.schema else {
        opened.put_files(&installation)?;
        return Ok(ExitCode::SUCCESS);
    };
    sql::backup::refuse_newer(schema)?;
    let work = Work::new()?;
    let database = Database::open(&installation)?;
    let settings = database.owner_settings("chopmark restore")?;
    interrupt.block_on(async {
        let db = Db::connect(&settings).await?;
        let restoring = sql::backup::prepare(&db).await?;
        // Before the rows: when a restore that is interrupted is run again, no file is forgotten.
        opened.put_files(&installation)?;
        let how = (work.path(), arguments.jobs.into(), &interrupt);
        opened.put_database(&settings, &db, how).await?;
        drop(restoring);
        let status = audit(&db, policy_of(arguments.policy.as_deref(), &installation)?).await?;
        for hold in sql::holds::open(&db).await? {
            out!("held      {hold}");
        }
        Ok(status)
    })
}

fn rehearse(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let interrupt = Interrupt::listen()?;
    let opened = opened(arguments)?;
    let schema = opened.manifest.schema;
    let schema =
        schema.context("the backup has no database: every file of it is as its manifest says")?;
    sql::backup::refuse_newer(schema)?;
    let mut work = Work::new()?;
    let text = opened
        .text_of(Kind::Configuration, None, work.path())?
        .context("the backup has no configuration")?;
    let installation = Installation::parse(&arguments.config, &text)?;
    let named = policy_path(&installation).map(|path| path.to_string_lossy().into_owned());
    let policy = match (&arguments.policy, named) {
        (Some(path), _) => Some(policy_file::read(path)?),
        (None, Some(path)) => {
            let text = opened.text_of(Kind::Named, Some(&path), work.path())?;
            text.map(|text| text.parse().context("the policy of the backup is not usable"))
                .transpose()?
        }
        (None, None) => None,
    };
    let url = work.cluster()?;
    let settings = Settings { application: "chopmark restore", ..Settings::new(url) };
    let status = interrupt.block_on(async {
        let db = Db::connect(&settings).await?;
        let restoring = sql::backup::prepare(&db).await?;
        let how = (work.path(), arguments.jobs.into(), &interrupt);
        opened.put_database(&settings, &db, how).await?;
        drop(restoring);
        audit(&db, policy).await
    })?;
    out!(
        "{}",
        if status == ExitCode::SUCCESS {
            "the rehearsal succeeded; nothing of this machine was changed"
        } else {
            "the rehearsal FAILED"
        }
    );
    Ok(status)
}

/// The database of a configuration, and everybody else who is asked.
async fn ask(asking: &Asking, db: &Db, installation: &Installation) -> anyhow::Result<Asked> {
    let policy = match policy_of(asking.policy.as_deref(), installation)? {
        Some(policy) => Some(crate::audit::in_force(db, policy).await?),
        None => None,
    };
    let seen = asking.seen.iter().map(|file| known::read_seen(file, policy.as_ref()));
    let seen = seen.collect::<anyhow::Result<Vec<_>>>()?;
    let chain = if installation.anchor.is_some() {
        let config = anchor::config::resolve(installation)?;
        let origin = config.hub.origin.clone();
        let hub = origin.clone();
        let asked = move || anchor::published::published(config.publishing, &hub, &Clock::system());
        let published = tokio::task::spawn_blocking(asked).await?;
        Some((origin, published.context("the chain could not be asked, so nothing is decided")?))
    } else {
        None
    };
    Ok(Asked { chain, seen })
}

/// Does `work` with the owner's connection to the database of a configuration.
fn with_database<T>(
    config: &Path,
    work: impl AsyncFnOnce(&Installation, Db) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let installation = Installation::read(config)?;
    let _log = process::log::start(&installation.log, "chopmark-restore")?;
    let database = Database::open(&installation)?;
    let settings = database.owner_settings("chopmark restore")?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let db = Db::connect(&settings).await?;
        db.check_schema().await?;
        work(&installation, db).await
    })
}

/// Prints what is known of a held ledger.
fn print(hold: &Hold, known: &Known) {
    let (origin, size) = (&hold.origin, hold.size);
    out!(
        "{}  {origin}  {size} records, held since {}",
        if known.newer.is_empty() { "held " } else { "NEWER" },
        hold.held_at
    );
    known.newer.iter().for_each(|text| out!("        knows more: {text}"));
    known.asked.iter().for_each(|text| out!("        {text}"));
}

/// Refuses a checkpoint of a ledger that is not held: it was meant for another database.
fn refuse_strangers(asked: &Asked, holds: &[Hold]) -> anyhow::Result<()> {
    for seen in &asked.seen {
        let origin = &seen.checkpoint.origin;
        ensure!(
            holds.iter().any(|hold| hold.origin == *origin),
            "{}: got a checkpoint of `{origin}`, expected one of a ledger that is held",
            seen.file.display()
        );
    }
    Ok(())
}

fn check(asking: &Asking) -> anyhow::Result<ExitCode> {
    with_database(&asking.config, async |installation, db| {
        let holds = sql::holds::open(&db).await?;
        if holds.is_empty() {
            out!("no ledger is held");
            return Ok(ExitCode::SUCCESS);
        }
        let asked = ask(asking, &db, installation).await?;
        refuse_strangers(&asked, &holds)?;
        let mut is_newer = false;
        for hold in &holds {
            let known = known::of_hold(&db, hold, &asked).await?;
            print(hold, &known);
            is_newer |= !known.newer.is_empty();
        }
        out!(
            "{}",
            if is_newer {
                "somebody knows more than this database: restore a newer copy, or go on under a new origin (docs/backup.md)"
            } else {
                "nobody who was asked knows more; whoever was not asked may. Ask partners and witnesses for their newest checkpoints (--seen)"
            }
        );
        Ok(ExitCode::from(u8::from(is_newer)))
    })
}

fn release(asking: &Asking, origins: &[String], reason: &str) -> anyhow::Result<ExitCode> {
    ensure!(!reason.trim().is_empty(), "--accept-loss: got an empty text, expected the reason");
    with_database(&asking.config, async |installation, db| {
        let holds = sql::holds::open(&db).await?;
        for origin in origins {
            if !holds.iter().any(|hold| hold.origin == *origin) {
                bail!("--ledger: got `{origin}`, expected the origin of a ledger that is held");
            }
        }
        let asked = ask(asking, &db, installation).await?;
        refuse_strangers(&asked, &holds)?;
        let mut released = Vec::new();
        let mut is_refused = false;
        for hold in holds.iter().filter(|hold| origins.contains(&hold.origin)) {
            let known = known::of_hold(&db, hold, &asked).await?;
            print(hold, &known);
            is_refused |= !known.newer.is_empty();
            released.push((hold, known.asked.join("\n")));
        }
        if is_refused {
            out!(
                "NOT released: what was given out cannot be signed again with other records; restore a newer copy, or go on under a new origin"
            );
            return Ok(ExitCode::from(1));
        }
        let now = Clock::system().now();
        db.run_tx("restore.release", async |tx| {
            for (hold, evidence) in &released {
                sql::holds::release(tx, hold.id, reason, evidence, now).await?;
            }
            Ok(())
        })
        .await?;
        for (hold, _) in &released {
            out!("released  {} goes on at {} records; reason: {reason}", hold.origin, hold.size);
        }
        out!("Record it for everybody: chopmark directory act --kind restore (docs/operations.md)");
        Ok(ExitCode::SUCCESS)
    })
}

fn hold(config: &Path, made_at: Timestamp) -> anyhow::Result<ExitCode> {
    with_database(config, async |_, db| {
        let now = Clock::system().now();
        let held = db.run_tx("restore.hold", async |tx| {
            sql::holds::hold_all(tx, Cause::Restored, made_at, now).await
        });
        out!(
            "{} ledgers are held; `chopmark restore check` says what is known of them",
            held.await?
        );
        Ok(ExitCode::SUCCESS)
    })
}
