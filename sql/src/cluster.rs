//! A private PostgreSQL cluster on a unix socket: the default for trying out, for tests, for one machine.
//!
//! The way through: [`find_binaries`]; [`Cluster::start`] makes the cluster if need be, removes what a
//! killed process left behind, starts it and waits until it answers; dropping it stops it.
//!
//! What holds:
//!
//! - no port is opened, no other cluster is touched; the folder is accessible to the server's user only (0700);
//! - PostgreSQL refuses to run as root, so root starts it as `postgres`, or as `nobody`;
//! - fsync and `synchronous_commit` stay on: an answer that says durable is durable.
//!
//! Not here: external clusters, which are only a URL.
//!
//! Source: PostgreSQL 15 manual, chapters 19.2 (cluster), 19.5 (shutdown), 20.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, User, chown, geteuid};

use crate::access::Access;
use crate::error::Error;

/// Longest path of a unix socket, less its file name.
const MAX_SOCKET_DIR: usize = 80;
/// Longest wait for start and stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// Port of PostgreSQL.
const DEFAULT_PORT: u16 = 5432;

const SETTINGS: &str = "
listen_addresses = ''
max_connections = 100
shared_buffers = 256MB
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

    /// As [`Self::start`]; `extra` takes effect when the cluster is made.
    pub(crate) fn start_with(folder: &Path, extra: &Extra) -> Result<Self, Error> {
        let binaries = find_binaries()?;
        fs::create_dir_all(folder)
            .map_err(|e| failed(format!("could not make {}: {e}", folder.display())))?;
        let folder = folder
            .canonicalize()
            .map_err(|error| failed(format!("{}: {error}", folder.display())))?;
        let user = other_user()?;
        own(&folder, user)?;
        check_reachable(&folder, user)?;
        Self::stop_left_over(&folder)?;
        let socket = socket_folder(&folder, user)?;
        let port = extra.port.unwrap_or(DEFAULT_PORT);
        let url = url_at(&socket, port, "chopmark", Access::Owner);
        let mut cluster = Self { folder, socket, binaries, user, server: None, url, port };
        if !cluster.data().join("PG_VERSION").exists() {
            cluster.init(extra)?;
        }
        cluster.launch()?;
        Ok(cluster)
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
        let text = fs::read_to_string(&config).unwrap_or_default() + SETTINGS + &extra.settings;
        fs::write(&config, text)
            .map_err(|error| failed(format!("{}: {error}", config.display())))?;
        extra.files.iter().try_for_each(|(name, text)| self.write(name, text))
    }

    /// Writes a file of the data folder, for the server's eyes only.
    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.data().join(name);
        let (uid, gid) = self.user.unzip();
        fs::write(&path, text)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o600)))
            .and_then(|()| chown(&path, uid, gid).map_err(std::io::Error::from))
            .map_err(|error| failed(format!("{}: {error}", path.display())))
    }

    fn launch(&mut self) -> Result<(), Error> {
        let log_path = self.folder.join("server.log");
        let log = fs::File::create(&log_path)
            .map_err(|e| failed(format!("{}: {e}", log_path.display())))?;
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
        let deadline = Instant::now() + PATIENCE;
        while !self.answers() {
            let ended = self.server.as_mut().and_then(|child| child.try_wait().ok().flatten());
            if ended.is_some() || Instant::now() > deadline {
                let log = fs::read_to_string(&log_path).unwrap_or_default();
                return Err(failed(format!("PostgreSQL does not answer: {}", log.trim())));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.create_database()
    }

    fn answers(&self) -> bool {
        self.command("pg_isready")
            .args(["-q", "-d", "postgres", "-p", &self.port.to_string(), "-h"])
            .arg(&self.socket)
            .status()
            .is_ok_and(|status| status.success())
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
        signal(child.id(), Signal::SIGINT);
        let deadline = Instant::now() + PATIENCE;
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                signal(child.id(), Signal::SIGQUIT);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
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
        let file = folder.join("data").join("postmaster.pid");
        let Ok(text) = fs::read_to_string(&file) else { return Ok(()) };
        let mut lines = text.lines();
        let pid = lines.next().and_then(|line| line.trim().parse::<u32>().ok());
        let Some(pid) = pid.filter(|pid| is_postgres(*pid)) else {
            // Stale: the machine or the server was killed; PostgreSQL itself would check it again.
            fs::remove_file(&file).ok();
            return Ok(());
        };
        signal(pid, Signal::SIGINT);
        let deadline = Instant::now() + PATIENCE;
        while is_postgres(pid) {
            if Instant::now() > deadline {
                return Err(failed(format!("an older PostgreSQL (process {pid}) does not end")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
        if !self.socket.starts_with(&self.folder) {
            fs::remove_dir_all(&self.socket).ok();
        }
    }
}

fn url_at(socket: &Path, port: u16, database: &str, access: Access) -> String {
    let socket = socket.to_string_lossy().replace('%', "%25").replace('/', "%2F");
    let port = if port == DEFAULT_PORT { String::new() } else { format!("&port={port}") };
    format!("postgresql://{}@/{database}?host={socket}{port}", access.role_name())
}

fn signal(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        kill(Pid::from_raw(pid), signal).ok();
    }
}

/// Whether `pid` is a PostgreSQL server that runs.
fn is_postgres(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "postgres")
}

/// The user to run as when we are root.
fn other_user() -> Result<Option<(Uid, Gid)>, Error> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Ok(Some(user)) = User::from_name(name) {
            return Ok(Some((user.uid, user.gid)));
        }
    }
    Err(failed(
        "PostgreSQL refuses to run as root: expected a user `postgres` or `nobody`, found neither",
    ))
}

/// Makes `folder` accessible to the server's user only.
fn own(folder: &Path, user: Option<(Uid, Gid)>) -> Result<(), Error> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
        .map_err(|error| failed(format!("{}: {error}", folder.display())))?;
    if let Some((uid, gid)) = user {
        chown(folder, Some(uid), Some(gid))
            .map_err(|error| failed(format!("{}: {error}", folder.display())))?;
    }
    Ok(())
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
fn socket_folder(folder: &Path, user: Option<(Uid, Gid)>) -> Result<PathBuf, Error> {
    if folder.as_os_str().len() <= MAX_SOCKET_DIR {
        return Ok(folder.to_owned());
    }
    let short = std::env::temp_dir().join(format!("chopmark-{}", std::process::id()));
    fs::create_dir_all(&short).map_err(|error| failed(format!("{}: {error}", short.display())))?;
    own(&short, user)?;
    Ok(short)
}
