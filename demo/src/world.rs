//! What demo and bench run: a private database and the processes of production, in one folder.
//!
//! The way through: [`prepare_folder`] empties the folder; [`World::build`] starts the database; [`World::start`]
//! starts a role of `chopmark up` as a process of its own, with the configuration file an operator would write.
//!
//! What holds:
//!
//! - every process ends with the demo: each watches its standard input, which is closed when the demo ends;
//! - ports are free ones; nothing is shared with a service that already runs;
//! - a folder is emptied only if an earlier demo made it.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::{program, web};

/// A file that says: this folder was made by the demo and may be emptied by it.
const MARK: &str = ".chopmark-demo";
/// Longest wait for a process to answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// A process of ours.
#[derive(Debug)]
struct Running {
    child: Child,
}

/// Everything that was started.
#[derive(Debug)]
pub struct World {
    /// Folder of this run.
    pub folder: PathBuf,
    /// The private database.
    pub cluster: sql::cluster::Cluster,
    processes: HashMap<&'static str, Running>,
}

/// Writes a new file that nobody else may read.
///
/// # Errors
///
/// If there is one already, or it cannot be written.
pub fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("could not create {}", path.display()))?;
    Ok(file.write_all(text.as_bytes())?)
}

/// Empties the demo's folder and makes it anew.
///
/// # Errors
///
/// If the folder holds something that no demo made.
pub fn prepare_folder(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        let is_ours = folder.join(MARK).exists();
        let is_empty = fs::read_dir(folder)?.next().is_none();
        anyhow::ensure!(
            is_ours || is_empty,
            "{} exists and was not made by the demo; expected an empty or new folder (CHOPMARK_DATA)",
            folder.display()
        );
        let postgres = sql::cluster::Cluster::place(&folder.join("postgres"))?;
        sql::cluster::Cluster::stop_left_over(&postgres)?;
        if postgres.exists() {
            fs::remove_dir_all(&postgres)
                .with_context(|| format!("could not empty {}", postgres.display()))?;
        }
        fs::remove_dir_all(folder)
            .with_context(|| format!("could not empty {}", folder.display()))?;
    }
    for part in ["keys", "rules", "logs"] {
        fs::create_dir_all(folder.join(part))?;
    }
    fs::write(folder.join(MARK), "made by the demo; emptied by its next run\n")?;
    Ok(())
}

/// An address on the loopback interface that nothing listens on.
///
/// # Errors
///
/// If the machine gives none.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0").context("no free port on 127.0.0.1")?.local_addr()?)
}

impl World {
    /// Starts the database in `folder`, which [`prepare_folder`] made.
    ///
    /// # Errors
    ///
    /// If PostgreSQL is not installed or does not start.
    pub fn build(folder: PathBuf) -> anyhow::Result<Self> {
        let cluster = sql::cluster::Cluster::start_anywhere(&folder.join("postgres"))?;
        Ok(Self { folder, cluster, processes: HashMap::new() })
    }

    /// Stops the database and removes its files also if this process is killed.
    ///
    /// # Errors
    ///
    /// If no folder can be the database's.
    pub fn watch_database(&self) -> anyhow::Result<()> {
        let folder = sql::cluster::Cluster::place(&self.folder.join("postgres"))?;
        sql::testing::watch(&folder, self.cluster.pid());
        Ok(())
    }

    /// Starts `chopmark up --config file --role role` under `name` and waits until `ready` answers 200.
    ///
    /// # Errors
    ///
    /// If it ends or does not answer in time; the end of its log is in the text.
    pub fn start(
        &mut self,
        name: &'static str,
        file: &str,
        role: &str,
        ready: SocketAddr,
    ) -> anyhow::Result<()> {
        let log = fs::File::create(self.log(name))?;
        let child = Command::new(program::path()?)
            .args(["up", "--until-stdin-ends", "--role", role, "--config"])
            .arg(self.folder.join(file))
            // Ctrl-C in the terminal reaches only us, and we stop it in order.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("could not start {name}"))?;
        self.processes.insert(name, Running { child });
        let deadline = Instant::now() + PATIENCE;
        let url = format!("http://{ready}/readyz");
        while !web::is_ok(&url) {
            let running = self.processes.get_mut(name).context("just inserted")?;
            if let Some(status) = running.child.try_wait()? {
                anyhow::bail!("{name} ended at start ({status}):\n{}", self.log_tail(name));
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "{name} does not answer at {url} after {} s:\n{}",
                PATIENCE.as_secs(),
                self.log_tail(name)
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Stops the process `name` and waits for its end.
    ///
    /// # Errors
    ///
    /// If it did not end well.
    pub fn stop(&mut self, name: &str) -> anyhow::Result<()> {
        let Some(mut running) = self.processes.remove(name) else { return Ok(()) };
        // The process stops when its standard input is closed, after finishing the work in progress.
        drop(running.child.stdin.take());
        let status = running.child.wait()?;
        anyhow::ensure!(status.success(), "{name} ended with {status}:\n{}", self.log_tail(name));
        Ok(())
    }

    /// Kills the process `name` without warning, and waits for its end.
    ///
    /// # Errors
    ///
    /// If it does not run.
    pub fn kill(&mut self, name: &str) -> anyhow::Result<()> {
        let running = self.processes.remove(name);
        let mut running = running.with_context(|| format!("{name} does not run"))?;
        running.child.kill()?;
        running.child.wait()?;
        Ok(())
    }

    /// Ends PostgreSQL at once, without a checkpoint, as a power cut would.
    pub fn kill_database(&mut self) {
        let pid = self.cluster.pid().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid {
            let pid = nix::unistd::Pid::from_raw(pid);
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGQUIT).ok();
        }
        // Waits for its end.
        self.cluster.stop();
    }

    /// Process id of `name`.
    pub fn pid(&self, name: &str) -> Option<u32> {
        self.processes.get(name).map(|running| running.child.id())
    }

    /// The processes still running, by name.
    pub fn names(&self) -> Vec<&'static str> {
        self.processes.keys().copied().collect()
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{name}.log"))
    }

    fn log_tail(&self, name: &str) -> String {
        let text = fs::read_to_string(self.log(name)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for name in self.names() {
            if let Err(error) = self.stop(name) {
                eprintln!("while stopping: {error:#}");
            }
        }
    }
}
