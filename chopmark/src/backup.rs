//! `chopmark backup`: copies the database, the configuration and every file that it names, while everything runs.
//!
//! The way through: a folder that is no backup yet (`shelf`); one moment of the database and its copy ([`sql::backup`]); the files that the
//! configuration names (`named`) and the bridge's spool; all of them encrypted and read back (`files`); the manifest (`manifest`), and only
//! then the folder gets its name.
//!
//! What holds: whatever interrupts it, what has the name of a backup is a whole one; what was begun is removed when it fails; a secret is
//! never copied in the clear unless that was asked for.
//!
//! Not here: restoring (`restore`).
//!
//! Sources: docs/backup.md; docs/decisions/0054-a-restored-ledger-is-held.md.

pub mod files;
pub mod interrupt;
pub mod manifest;
mod named;
pub mod shelf;

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use keystore::armour::USUAL;
use keystore::sealed::SealKey;
use keystore::source::Source;
use process::config::Installation;
use process::{Clock, Randomness};
use sql::Db;
use sql::backup::Snapshot;
use sql::holds::Cause;

use self::files::Writer;
use self::interrupt::Interrupt;
use self::manifest::{Encryption, Kind, Manifest};
use self::shelf::Shelf;
use crate::database::Database;
use crate::terminal::{self, out};

/// What to copy, and where to.
#[derive(clap::Args)]
#[command(after_long_help = "\
What is copied: the database at one moment, the configuration, every file that it names (keys, policy, rules, products), and the
bridge's spool. Nothing is stopped. Each backup is a folder of its own; one without manifest.json is none.

Keys and other secrets are copied only with a passphrase, which then encrypts the whole backup, or with --plain-keys; or they are left
out with --without-keys, and must be kept elsewhere: without its keys a ledger ends.

Examples:
  chopmark backup --config chopmark.toml --to /backup --passphrase-file backup.pass --keep 14
  chopmark backup --config chopmark.toml --to /backup --without-keys
  chopmark backup --config chopmark.toml --to /backup --passphrase-file backup.pass --also keys/directory.pem
  chopmark backup --config chopmark.toml --to /backup --passphrase-file backup.pass --last     closes the ledgers: to move house

The folder gets a file backup.prom with the time of the newest backup, for an alert. Restore: chopmark help restore, docs/backup.md.

Exit status: 0 made and read back, 2 not made.")]
pub struct Arguments {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    /// The folder that holds the backups; it is made if it is not there
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// File with the passphrase that encrypts the backup, mode 0600
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Name of the systemd credential with the passphrase that encrypts the backup
    #[arg(long, value_name = "NAME", conflicts_with = "passphrase_file")]
    passphrase_credential: Option<String>,
    /// Leaves keys and other secret files out
    #[arg(long)]
    without_keys: bool,
    /// Copies keys and other secret files in the clear
    #[arg(long, conflicts_with_all = ["without_keys", "passphrase_file", "passphrase_credential"])]
    plain_keys: bool,
    /// Removes the oldest backups of the folder until so many are left
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    keep: Option<u16>,
    /// Tables that are copied at the same time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Closes every ledger first, so that nothing is newer than this backup; they go on where it is restored
    #[arg(long)]
    last: bool,
    /// A file that the configuration does not name, such as the directory's keys; may be given several times
    #[arg(long, value_name = "FILE")]
    also: Vec<PathBuf>,
}

/// Reads the passphrase of a backup; none if no source is named.
pub fn passphrase(
    file: Option<&Path>,
    credential: Option<&str>,
) -> anyhow::Result<Option<keystore::Passphrase>> {
    let source = Source { file, credential };
    if source.is_empty() {
        return Ok(None);
    }
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    Ok(Some(source.read(credentials.as_deref())?))
}

/// Waits for one of PostgreSQL's programs and shows meanwhile how far it is.
///
/// - `show`: the line.
///
/// # Errors
///
/// What it wrote to standard error, if it failed; that it was ended, after a signal.
pub fn wait(
    mut child: Child,
    name: &str,
    interrupt: &Interrupt,
    show: impl Fn() -> String,
) -> anyhow::Result<()> {
    let mut errors = child.stderr.take();
    let reading = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(errors) = &mut errors {
            // What cannot be read cannot be shown; the status decides.
            errors.take(64 * 1024).read_to_end(&mut text).ok();
            std::io::copy(errors, &mut std::io::sink()).ok();
        }
        String::from_utf8_lossy(&text).trim().to_owned()
    });
    let is_shown = terminal::is_watched();
    let status = loop {
        if let Some(status) = child.try_wait().with_context(|| format!("{name} was lost"))? {
            break status;
        }
        if let Err(interrupted) = interrupt.check() {
            end(&mut child);
            return Err(interrupted);
        }
        if is_shown {
            terminal::status(&show());
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    if is_shown {
        terminal::status("");
    }
    let text = reading.join().unwrap_or_default();
    ensure!(status.success(), "{name} failed: {text}");
    Ok(())
}

/// Ends one of PostgreSQL's programs, which ends its own workers.
fn end(child: &mut Child) {
    let id = i32::try_from(child.id()).map(nix::unistd::Pid::from_raw);
    if let Ok(id) = id {
        // It may have ended by itself.
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).ok();
    }
    child.wait().ok();
}

/// Shows the share of so many bytes that is done.
pub fn progress(what: &'static str, total: u64) -> impl FnMut(u64) {
    let (mut done, is_shown) = (0, terminal::is_watched());
    move |bytes| {
        done += bytes;
        if is_shown {
            let share = (done * 100).checked_div(total).unwrap_or(100).min(100);
            let bar: String =
                (0..20).map(|place| if place * 5 < share { '#' } else { '.' }).collect();
            terminal::status(&if done >= total {
                String::new()
            } else {
                format!("[{bar}] {share} %  {what}")
            });
        }
    }
}

/// Bytes of the files directly in a folder.
fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        1_048_576..1_073_741_824 => format!("{} MiB", bytes / 1_048_576),
        _ => {
            let tenths = bytes / 107_374_182;
            format!("{}.{} GiB", tenths / 10, tenths % 10)
        }
    }
}

/// Makes a backup.
///
/// # Errors
///
/// If anything of it could not be copied; then there is no backup.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let installation = Installation::read(&arguments.config)?;
    let _log = process::log::start(&installation.log, "chopmark-backup")?;
    let passphrase = passphrase(
        arguments.passphrase_file.as_deref(),
        arguments.passphrase_credential.as_deref(),
    )?;
    let passphrase = passphrase.map(keystore::Passphrase::for_encrypting).transpose()?;
    let text = std::fs::read_to_string(&arguments.config)?;
    let spool = installation
        .firmware_bridge
        .as_ref()
        .map(|section| firmware_bridge::config::spool(&installation, section));
    let mut named = named::files(&installation, &text, spool.as_deref())?;
    named::add(&installation, &arguments.also, &mut named)?;
    if passphrase.is_none() {
        refuse_plain_secrets(arguments, &text, &named)?;
    }
    let shelf = Shelf::open(&arguments.to)?;
    let now = Clock::system().now();
    let folder = shelf.begin(now)?;
    let unnamed = named::beside(&installation, &named, &arguments.config);
    let files = (text.as_str(), named, spool);
    let made = copy(arguments, &installation, &folder, files, passphrase.as_ref(), now);
    let manifest = match made {
        Ok(manifest) => manifest,
        Err(error) => {
            // It would lie there in the clear and take the space of the next one.
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("could not remove {}", folder.display()))?;
            return Err(if arguments.last {
                error.context(
                    "no backup was made, and the ledgers may be closed already: run it again, or `chopmark restore release`",
                )
            } else {
                error
            });
        }
    };
    let finished = shelf.finish(&folder)?;
    let removed =
        arguments.keep.map(|count| shelf.keep(count.into())).transpose()?.unwrap_or_default();
    let bytes = manifest.files.iter().map(|file| file.bytes).sum();
    write_metrics(&arguments.to, manifest.made_at, bytes)?;
    print(&finished, &manifest, bytes, &removed);
    for (path, key) in named::missing(&installation, &text)? {
        out!("MISSING   {path}: {key} names it, and it is not there");
    }
    for name in unnamed {
        out!("NOT TAKEN {name}: the configuration does not name it; --also {name} takes it");
    }
    Ok(ExitCode::SUCCESS)
}

/// Fills the folder of a backup.
///
/// - `files`: the text of the configuration, the files that it names, and the spool.
fn copy(
    arguments: &Arguments,
    installation: &Installation,
    folder: &Path,
    files: (&str, Vec<named::NamedFile>, Option<PathBuf>),
    passphrase: Option<&keystore::Passphrase>,
    now: Timestamp,
) -> anyhow::Result<Manifest> {
    let interrupt = Interrupt::listen()?;
    let mut writer = Writer::new(folder);
    let database = installation
        .database
        .is_some()
        .then(|| copy_database(arguments, installation, folder, &interrupt))
        .transpose()?;
    if database.is_some() {
        writer.take_database()?;
    }
    let left_out = copy_files(arguments, installation, files, &mut writer)?;
    let database = database.unwrap_or_else(|| Moment { at: now, ..Moment::default() });
    let manifest = Manifest {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        schema: database.schema,
        made_at: database.at,
        is_last: arguments.last,
        ledgers: database.ledgers,
        anchor: database.anchor,
        left_out,
        encryption: None,
        files: Vec::new(),
    };
    finish(folder, writer, manifest, passphrase, &interrupt)
}

/// Copies the configuration, the files that it names, and the spool; gives the secret files that were left out.
fn copy_files(
    arguments: &Arguments,
    installation: &Installation,
    (text, named, spool): (&str, Vec<named::NamedFile>, Option<PathBuf>),
    writer: &mut Writer,
) -> anyhow::Result<Vec<String>> {
    let name = arguments
        .config
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    writer.add(Kind::Configuration, &name, 0o600, text.as_bytes())?;
    let mut left_out = Vec::new();
    for file in named {
        if file.is_secret && arguments.without_keys {
            left_out.push(file.path);
        } else {
            let content = std::fs::read(&file.at)
                .with_context(|| format!("could not read {}", file.at.display()))?;
            writer.add(Kind::Named, &file.path, file.mode, &content)?;
        }
    }
    if let (Some(spool), Some(section)) =
        (spool.filter(|spool| spool.exists()), &installation.firmware_bridge)
    {
        let place = writer.place(Kind::Spool, &section.spool.to_string_lossy(), 0o600)?;
        firmware_bridge::spool::Spool::look(&spool)?.copy_to(&place)?;
    }
    Ok(left_out)
}

/// Refuses to copy secrets in the clear unless that was asked for.
fn refuse_plain_secrets(
    arguments: &Arguments,
    text: &str,
    named: &[named::NamedFile],
) -> anyhow::Result<()> {
    if arguments.plain_keys {
        return Ok(());
    }
    if named::holds_password(text) {
        bail!(
            "{} holds the password of a database: expected --passphrase-file, which encrypts the backup, or --plain-keys",
            arguments.config.display()
        );
    }
    let secret: Vec<&str> =
        named.iter().filter(|file| file.is_secret).map(|file| file.path.as_str()).collect();
    ensure!(
        secret.is_empty() || arguments.without_keys,
        "the configuration names secret files ({}): expected --passphrase-file FILE, which encrypts the backup, --without-keys, which \
         leaves them out, or --plain-keys",
        secret.join(", ")
    );
    Ok(())
}

/// The moment of a database that was copied.
#[derive(Default)]
struct Moment {
    at: Timestamp,
    schema: Option<u32>,
    ledgers: Vec<sql::backup::LedgerAt>,
    anchor: Option<sql::backup::AnchorAt>,
}

fn copy_database(
    arguments: &Arguments,
    installation: &Installation,
    folder: &Path,
    interrupt: &Interrupt,
) -> anyhow::Result<Moment> {
    let database = Database::open(installation)?;
    let settings = database.owner_settings("chopmark backup")?;
    let (snapshot, moment, total) = interrupt.block_on(async {
        let db = Db::connect(&settings).await?;
        db.check_schema().await?;
        if arguments.last {
            let now = Clock::system().now();
            db.run_tx("backup.close", async |tx| {
                sql::holds::hold_all(tx, Cause::Closed, now, now).await
            })
            .await?;
        }
        let snapshot = Snapshot::begin(&db).await?;
        let (schema, bytes) = snapshot.extent().await?;
        let (ledgers, anchor) = (snapshot.ledgers().await?, snapshot.last_anchor().await?);
        let moment = Moment { at: snapshot.at(), schema: Some(schema), ledgers, anchor };
        anyhow::Ok((snapshot, moment, bytes))
    })?;
    let to = folder.join("database");
    let dump = sql::backup::dump(&settings, &snapshot, &to, arguments.jobs.into())?;
    let show = || format!("database: {} written, {} in use", size(bytes_in(&to)), size(total));
    wait(dump, "pg_dump", interrupt, show)?;
    drop(snapshot);
    Ok(moment)
}

/// Encrypts, reads back, and writes the manifest.
fn finish(
    folder: &Path,
    writer: Writer,
    mut manifest: Manifest,
    passphrase: Option<&keystore::Passphrase>,
    interrupt: &Interrupt,
) -> anyhow::Result<Manifest> {
    let random = Randomness::system();
    let mut key = None;
    if let Some(passphrase) = passphrase {
        let mut salt = vec![0; 16];
        random
            .source()
            .fill(&mut salt)
            .map_err(|_| anyhow::anyhow!("the operating system gave no random bytes"))?;
        key = Some(SealKey::derive(passphrase, USUAL, &salt)?);
        manifest.encryption = Some(Encryption { cost: USUAL, salt });
    }
    let total = bytes_in(&folder.join("database")) + bytes_in(&folder.join("files"));
    let sealing = key.as_ref().map(|key| (key, random.source()));
    let mut show = progress("read back", total);
    let step = |bytes| {
        show(bytes);
        interrupt.check()
    };
    manifest.files = writer.seal_and_check(sealing, step)?;
    let text = manifest.to_text();
    if let Some(key) = &key {
        keystore::private::create(
            &folder.join(manifest::MAC),
            &hex::encode(key.mac(text.as_bytes())),
        )?;
    }
    let path = folder.join(manifest::NAME);
    std::fs::write(&path, &text)
        .and_then(|()| std::fs::File::open(&path)?.sync_all())
        .with_context(|| format!("could not write {}", path.display()))?;
    Ok(manifest)
}

/// Writes the time of the newest backup as Prometheus' text format, for the node exporter's textfile collector, which runs as another
/// user.
fn write_metrics(folder: &Path, at: Timestamp, bytes: u64) -> anyhow::Result<()> {
    let text = format!(
        "# HELP chopmark_backup_made_timestamp_seconds When the newest backup was made.\n\
         # TYPE chopmark_backup_made_timestamp_seconds gauge\nchopmark_backup_made_timestamp_seconds {}\n\
         # HELP chopmark_backup_size_bytes Bytes of the newest backup.\n\
         # TYPE chopmark_backup_size_bytes gauge\nchopmark_backup_size_bytes {bytes}\n",
        at.as_second()
    );
    let path = folder.join("backup.prom");
    let new = folder.join("backup.prom.new");
    let written = std::fs::write(&new, text)
        .and_then(|()| std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o644)))
        .and_then(|()| std::fs::rename(&new, &path));
    written.with_context(|| format!("could not write {}", path.display()))
}

fn print(folder: &Path, manifest: &Manifest, bytes: u64, removed: &[String]) {
    out!("backup    {}", folder.display());
    out!("made at   {}", manifest.made_at);
    out!("size      {} in {} files, each read back", size(bytes), manifest.files.len());
    out!("manifest  SHA-256 {}", ledger::hash::sha256(manifest.to_text().as_bytes()));
    for one in &manifest.ledgers {
        out!("{:<9} {}  {} records, root {}", one.kind, one.origin, one.size, one.root);
    }
    out!(
        "secrets   {}",
        match (&manifest.encryption, manifest.left_out.is_empty()) {
            (Some(_), true) =>
                "in the backup, encrypted with the passphrase as everything else".to_owned(),
            (None, true) => "in the backup, in the clear: keep it as you keep keys".to_owned(),
            (_, false) =>
                format!("NOT in the backup: {}; keep them elsewhere", manifest.left_out.join(", ")),
        }
    );
    if manifest.is_last {
        out!(
            "closed    the ledgers are signed here no more; they go on where this backup is restored"
        );
    }
    for name in removed {
        out!("removed   {name}");
    }
}
