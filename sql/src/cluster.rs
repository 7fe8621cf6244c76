//! A private PostgreSQL cluster on a unix socket: the default for trying out, for tests, for one machine.
//!
//! The way through: [`find_binaries`]; [`Cluster::start`] makes the cluster if need be, removes what a
//! killed process left behind, starts it and waits until it answers; dropping it stops it.
//!
//! What holds:
//!
//! - one process runs a folder's cluster; [`Cluster::start_or_join`] uses one that another process runs;
//! - no port is opened, no other cluster is touched; the folder is accessible to the server's user only (0700);
//! - PostgreSQL refuses to run as root, so root starts it as `postgres`, or as `nobody`;
//! - fsync and `synchronous_commit` stay on: an answer that says durable is durable.
//!
//! Not here: external clusters, which are only a URL; what happens when the server dies ([`crate::supervisor`]).
//!
//! Source: PostgreSQL 15 manual, chapters 19.2 (cluster), 19.5 (shutdown), 20, 73.1 (`postmaster.pid`).

mod files;
mod left_over;
mod lock;
mod memory;
mod owner;
#[cfg(test)]
mod tests;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid};

#[cfg(test)]
use self::left_over::signal;
pub(crate) use self::owner::is_made;
use self::owner::{check_owner, other_user, own, server_user};
use crate::access::Access;
use crate::error::Error;

/// Longest path of a unix socket, less its file name.
const MAX_SOCKET_DIR: usize = 80;
/// Longest wait for a server that says nothing at its start, and for its stop. One that says that it is recovering is
/// waited for as long as it takes.
const PATIENCE: Duration = Duration::from_mins(1);
/// Time between two looks at a server that starts.
const LOOK: Duration = Duration::from_millis(30);
/// How long a server that is stopped at once has, before it is killed: it ends its own processes after five seconds.
const AT_ONCE: Duration = Duration::from_secs(20);
/// Lines of the server's log in an error.
const LAST_LINES: usize = 15;

/// Port of PostgreSQL.
const DEFAULT_PORT: u16 = 5432;

const SETTINGS: &str = "
listen_addresses = ''
max_connections = 100
max_wal_size = 2GB
fsync = on
synchronous_commit = on
log_min_messages = warning
unix_socket_permissions = 0770
";

/// PostgreSQL's programs.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// Folder that holds them.
    pub bin: PathBuf,
    /// Output of `postgres --version`.
    pub version: String,
}

/// What a cluster has besides [`SETTINGS`].
#[derive(Debug, Default)]
pub(crate) struct Extra {
    /// Port: of TCP if `settings` say so, and in the name of the socket. Default: 5432.
    pub(crate) port: Option<u16>,
    /// More lines of `postgresql.conf`.
    pub(crate) settings: String,
    /// More files in the data folder, replaced if they are there: name and text.
    pub(crate) files: Vec<(&'static str, String)>,
}

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    socket: PathBuf,
    binaries: Binaries,
    user: Option<(Uid, Gid)>,
    server: Option<Child>,
    url: String,
    port: u16,
    /// Held while this process runs the cluster; none if another one does.
    lock: Option<fs::File>,
}

/// What a server says to somebody who wants to connect.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accepts,
    /// It is starting, or recovering.
    NotYet,
    Nothing,
}

fn failed(text: impl Into<String>) -> Error {
    Error::Cluster(text.into())
}

/// Finds PostgreSQL 15 or newer: `CHOPMARK_PG_BIN`, the path, then Debian's folders.
///
/// # Errors
///
/// [`Error::Cluster`], with how to install it.
pub fn find_binaries() -> Result<Binaries, Error> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("CHOPMARK_PG_BIN").map(PathBuf::from).into_iter().collect();
    let mut debian: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    debian.sort();
    folders.extend(debian.into_iter().rev());
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    for bin in folders {
        if !bin.join("initdb").exists() {
            continue;
        }
        let Ok(output) = Command::new(bin.join("postgres")).arg("--version").output() else {
            continue;
        };
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let major = version
            .split_whitespace()
            .nth(2)
            .and_then(|v| v.split('.').next()?.parse::<u32>().ok());
        if major.is_some_and(|major| major >= 15) {
            return Ok(Binaries { bin, version });
        }
    }
    Err(failed("PostgreSQL 15 or newer is not installed; `make setup` installs it"))
}

impl Cluster {
    /// Starts the cluster in `folder`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::Cluster`], with the server's own log.
    pub fn start(folder: &Path) -> Result<Self, Error> {
        Self::start_with(folder, &Extra::default())
    }

    /// As [`Self::start`], until `is_unwanted`: then a server that recovers, however long that would take, is stopped.
    ///
    /// # Errors
    ///
    /// [`Error::Cluster`].
    pub fn start_unless(folder: &Path, is_unwanted: &AtomicBool) -> Result<Self, Error> {
        Self::start_as(folder, &Extra::default(), is_unwanted)
    }

    /// As [`Self::start`]; `extra` takes effect when the cluster is made.
    pub(crate) fn start_with(folder: &Path, extra: &Extra) -> Result<Self, Error> {
        Self::start_as(folder, extra, &AtomicBool::new(false))
    }

    fn start_as(folder: &Path, extra: &Extra, is_unwanted: &AtomicBool) -> Result<Self, Error> {
        let binaries = find_binaries()?;
        fs::create_dir_all(folder)
            .map_err(|e| failed(format!("could not make {}: {e}", folder.display())))?;
        let folder = folder
            .canonicalize()
            .map_err(|error| failed(format!("{}: {error}", folder.display())))?;
        let user = server_user(&folder)?;
        if !is_made(&folder) {
            check_owner(&folder, user)?;
            own(&folder, user)?;
        }
        check_reachable(&folder, user)?;
        let lock = lock::take(&folder)?.ok_or_else(|| lock::in_use(&folder))?;
        Self::stop_left_over(&folder)?;
        let socket = socket_folder(&folder);
        let port = extra.port.unwrap_or(DEFAULT_PORT);
        let url = url_at(&socket, port, "chopmark", Access::Owner);
        let lock = Some(lock);
        let mut cluster = Self { folder, socket, binaries, user, server: None, url, port, lock };
        if !is_made(&cluster.folder) {
            cluster.init(extra)?;
        }
        cluster.launch_unless(is_unwanted)?;
        cluster.create_database()?;
        Ok(cluster)
    }

    /// As [`Self::start`]; if another process runs the cluster already, it is used as it runs there, and goes on when
    /// this value is dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Cluster`], also if the other process's server does not answer.
    pub fn start_or_join(folder: &Path) -> Result<Self, Error> {
        let Ok(folder) = folder.canonicalize() else { return Self::start(folder) };
        match lock::take(&folder)? {
            // Taken again by `start`; nobody else is let in between who would not be told.
            Some(lock) => drop(lock),
            None => return Self::join(&folder),
        }
        Self::start(&folder)
    }

    fn join(folder: &Path) -> Result<Self, Error> {
        let (binaries, user) = (find_binaries()?, server_user(folder)?);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = fs::read_to_string(folder.join("data").join("postmaster.pid"));
            if let Some((port, socket)) = text.ok().as_deref().and_then(where_it_answers) {
                let url = url_at(&socket, port, "chopmark", Access::Owner);
                let (folder, binaries) = (folder.to_owned(), binaries.clone());
                let (server, lock) = (None, None);
                let cluster = Self { folder, socket, binaries, user, server, url, port, lock };
                if cluster.answer() == Answer::Accepts {
                    return Ok(cluster);
                }
            }
            if Instant::now() > deadline {
                let in_use = lock::in_use(folder);
                return Err(failed(format!("{in_use}; and its database does not answer")));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Where [`Self::start_anywhere`] puts a cluster for `folder`: there, or, if we are root and the user that runs
    /// PostgreSQL cannot enter it, in the system's temporary folder under a name derived from it.
    ///
    /// # Errors
    ///
    /// [`Error::Cluster`] if that user can enter no such folder.
    pub fn place(folder: &Path) -> Result<PathBuf, Error> {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let user = other_user()?;
        if check_reachable(&folder, user).is_ok() {
            return Ok(folder);
        }
        let digest = ledger::hash::sha256(folder.as_os_str().as_encoded_bytes()).to_string();
        [std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()]
            .into_iter()
            .map(|base| base.join(format!("chopmark-{}", &digest[..12])))
            .find(|place| check_reachable(place, user).is_ok())
            .map_or_else(|| check_reachable(&folder, user).map(|()| folder), Ok)
    }

    /// Whether the user that runs PostgreSQL can enter the folders above `folder`; always, if we are not root.
    ///
    /// # Errors
    ///
    /// [`Error::Cluster`] with the folder that it cannot enter.
    pub fn check_place(folder: &Path) -> Result<(), Error> {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        check_reachable(&folder, other_user()?)
    }

    /// Starts a temporary cluster, at [`Self::place`].
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_anywhere(folder: &Path) -> Result<Self, Error> {
        Self::start(&Self::place(folder)?)
    }

    /// Where the database `chopmark` answers, for its owner.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the database `chopmark` answers, for a role. The roles of the processes exist once the owner has
    /// migrated.
    #[must_use]
    pub fn url_for(&self, access: Access) -> String {
        url_at(&self.socket, self.port, "chopmark", access)
    }

    /// As [`Self::url_for`], for another database of the same server.
    #[must_use]
    pub fn url_of(&self, database: &str, access: Access) -> String {
        url_at(&self.socket, self.port, database, access)
    }

    /// The server's process, for tests that kill it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.bin.join(program));
        command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC").current_dir(&self.folder);
        // It would tell our service manager that it is ready, or stops, in our name.
        command.env_remove("NOTIFY_SOCKET").env_remove("WATCHDOG_USEC").env_remove("WATCHDOG_PID");
        // A process group of its own: Ctrl-C in the terminal reaches only us, and we stop the server in order.
        command.process_group(0);
        if let Some((uid, gid)) = self.user {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        command
    }

    fn init(&self, extra: &Extra) -> Result<(), Error> {
        let output = self
            .command("initdb")
            .args([
                "--username=chopmark",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--auth=trust",
                "--no-instructions",
            ])
            .arg("-D")
            .arg(self.data())
            .output()
            .map_err(|error| failed(format!("initdb did not start: {error}")))?;
        if !output.status.success() {
            return Err(failed(format!(
                "initdb failed: {}",
                String::from_utf8_lossy(&output.stderr)
            )));
        }
        let config = self.data().join("postgresql.conf");
        let buffers = memory::shared_buffers();
        let settings = format!("{SETTINGS}shared_buffers = {buffers}MB\n{}", extra.settings);
        files::append(&config, &settings)
            .map_err(|error| failed(format!("{}: {error}", config.display())))?;
        extra.files.iter().try_for_each(|(name, text)| self.write(name, text))
    }

    /// Writes a file of the data folder, for the server's eyes only.
    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.data().join(name);
        files::write_for(&path, text, self.user)
            .map_err(|error| failed(format!("{}: {error}", path.display())))
    }

    fn launch(&mut self) -> Result<(), Error> {
        self.launch_unless(&AtomicBool::new(false))?;
        self.create_database()
    }

    /// Starts the server and waits until it answers, or until `is_unwanted`.
    pub(crate) fn launch_unless(&mut self, is_unwanted: &AtomicBool) -> Result<(), Error> {
        self.spawn()?;
        let mut spoken = Instant::now();
        loop {
            match self.answer() {
                Answer::Accepts => return Ok(()),
                Answer::NotYet => spoken = Instant::now(),
                Answer::Nothing => {}
            }
            let why = if self.ended().is_some() {
                "ended while it started"
            } else if is_unwanted.load(Ordering::Relaxed) {
                "is not wanted any more"
            } else if spoken.elapsed() > PATIENCE {
                "does not answer"
            } else {
                std::thread::sleep(LOOK);
                continue;
            };
            self.stop();
            return Err(failed(format!("PostgreSQL {why}; {}", self.last_lines())));
        }
    }

    /// Starts the server's process. Its log begins anew; the one before is kept as `server.log.1`.
    fn spawn(&mut self) -> Result<(), Error> {
        self.make_socket_folder()?;
        let log_path = self.log_path();
        fs::rename(&log_path, log_path.with_extension("log.1")).ok();
        let log =
            files::make(&log_path).map_err(|e| failed(format!("{}: {e}", log_path.display())))?;
        let errors = log.try_clone().map_err(|e| failed(e.to_string()))?;
        let child = self
            .command("postgres")
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(&self.socket)
            .args(["-p", &self.port.to_string()])
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|error| failed(format!("postgres did not start: {error}")))?;
        self.server = Some(child);
        Ok(())
    }

    fn log_path(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// The end of the server's log, for an error.
    pub(crate) fn last_lines(&self) -> String {
        let path = self.log_path();
        let last = files::last_lines(&path, LAST_LINES).unwrap_or_else(|error| error.to_string());
        format!("its log {} ends:\n{last}", path.display())
    }

    /// How the server's process ended; none while it runs, or if it was not started.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.server.as_mut().and_then(|child| child.try_wait().ok().flatten())
    }

    /// Whether the file at which it is reached is there.
    pub(crate) fn has_socket(&self) -> bool {
        self.socket.join(format!(".s.PGSQL.{}", self.port)).exists()
    }

    /// The folder of the cluster.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn answer(&self) -> Answer {
        let status = self
            .command("pg_isready")
            .args(["-q", "-d", "postgres", "-p", &self.port.to_string(), "-h"])
            .arg(&self.socket)
            .status();
        match status.ok().and_then(|status| status.code()) {
            Some(0) => Answer::Accepts,
            Some(1) => Answer::NotYet,
            _ => Answer::Nothing,
        }
    }

    fn create_database(&self) -> Result<(), Error> {
        let output = self
            .command("createdb")
            .args(["-U", "chopmark", "-p", &self.port.to_string(), "-h"])
            .arg(&self.socket)
            .arg("chopmark")
            .output()
            .map_err(|error| failed(format!("createdb did not start: {error}")))?;
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() || words.contains("already exists") {
            return Ok(());
        }
        Err(failed(format!("createdb failed: {words}")))
    }

    /// Stops the server and starts it again.
    ///
    /// # Errors
    ///
    /// [`Error::Cluster`].
    pub fn restart(&mut self) -> Result<(), Error> {
        self.stop();
        self.launch()
    }

    /// Stops the server without starting it again; for tests without a database.
    pub fn stop(&mut self) {
        let Some(mut child) = self.server.take() else { return };
        left_over::stop(&mut child, &[(Signal::SIGINT, PATIENCE), (Signal::SIGQUIT, AT_ONCE)]);
    }

    /// Stops the server and lets another process run it; for tests.
    #[cfg(feature = "testing")]
    pub fn release(&mut self) {
        self.stop();
        self.lock = None;
    }

    /// Starts the server again after [`Self::stop`].
    ///
    /// # Errors
    ///
    /// [`Error::Cluster`].
    pub fn launch_again(&mut self) -> Result<(), Error> {
        self.launch()
    }

    /// Stops a server that a killed run left behind in `folder`, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Cluster`] if it does not end.
    pub fn stop_left_over(folder: &Path) -> Result<(), Error> {
        left_over::end(&folder.join("data"))
    }

    /// Makes the folder of the socket, if it is not the cluster's own; something may have removed it meanwhile.
    fn make_socket_folder(&self) -> Result<(), Error> {
        if self.socket.starts_with(&self.folder) {
            return Ok(());
        }
        fs::create_dir_all(&self.socket)
            .map_err(|error| failed(format!("{}: {error}", self.socket.display())))?;
        own(&self.socket, self.user)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
        if self.lock.is_some() && !self.socket.starts_with(&self.folder) {
            fs::remove_dir_all(&self.socket).ok();
        }
    }
}

/// Port and folder of the socket of a server that another process started.
///
/// - `text`: of `postmaster.pid`.
pub(crate) fn where_it_answers(text: &str) -> Option<(u16, PathBuf)> {
    let mut lines = text.lines().skip(3);
    let port = lines.next()?.trim().parse().ok()?;
    Some((port, lines.next().filter(|folder| !folder.is_empty())?.into()))
}

/// The URL of a database at a socket.
pub(crate) fn url_at(socket: &Path, port: u16, database: &str, access: Access) -> String {
    let socket = socket.to_string_lossy().replace('%', "%25").replace('/', "%2F");
    let port = if port == DEFAULT_PORT { String::new() } else { format!("&port={port}") };
    format!("postgresql://{}@/{database}?host={socket}{port}", access.role_name())
}

/// Whether the other user can reach `folder`: every folder above must let it pass.
fn check_reachable(folder: &Path, user: Option<(Uid, Gid)>) -> Result<(), Error> {
    if user.is_none() {
        return Ok(());
    }
    for above in folder.ancestors().skip(1) {
        let mode = fs::metadata(above).map_or(0o777, |data| data.permissions().mode());
        if mode & 0o001 == 0 {
            return Err(failed(format!(
                "the user that runs PostgreSQL cannot enter {}; set CHOPMARK_DATA to another folder, \
                 or run `chmod o+x {}`",
                above.display(),
                above.display()
            )));
        }
    }
    Ok(())
}

/// Where the socket is: in the folder, or in a short one if the path is too long for a socket.
fn socket_folder(folder: &Path) -> PathBuf {
    if folder.as_os_str().len() <= MAX_SOCKET_DIR {
        return folder.to_owned();
    }
    std::env::temp_dir().join(format!("chopmark-{}", std::process::id()))
}
