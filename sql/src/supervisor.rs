//! Keeps a private PostgreSQL running: one that died is started again, or it is said why that cannot be done.
//!
//! The way through: [`Supervisor::watch`] takes a running [`Cluster`] and looks at it on a thread of its own. When the server's
//! process has ended, or the file at which it is reached is gone, it waits, removes what the dead server left, and starts
//! it again; the pools connect again by themselves. Dropping the supervisor stops the server.
//!
//! What holds:
//!
//! - pauses grow from start to start, and begin anew after a quiet time;
//! - after [`Limits::failures`] failures within [`Limits::within`] it gives up, once, with the last reason and the end of the
//!   server's log; the process ends with that, instead of answering 503 for ever;
//! - a server that recovers after a crash is waited for, however long that takes;
//! - a backend that dies alone is PostgreSQL's business: its server ends all sessions and recovers by itself.
//!
//! Not here: databases that are only a URL; whoever runs them restarts them.
//!
//! Source: PostgreSQL 15 manual, section 19.10 (`restart_after_crash`) and chapter 30 (recovery).

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::access::Access;
use crate::cluster::Cluster;
use crate::error::Error;

/// Time between two looks at a server that runs.
const LOOK: Duration = Duration::from_millis(50);

/// How often a server may fail, and how long is waited before it is started again.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// First and longest pause before a start; each is twice the one before.
    pub pauses: (Duration, Duration),
    /// With so many failures (deaths, and starts that failed) ...
    pub failures: usize,
    /// ... within this time it is given up.
    pub within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pauses: (Duration::from_millis(100), Duration::from_secs(10)),
            failures: 7,
            // A start that hangs takes a minute, and as long to be stopped: seven of them are within this time too.
            within: Duration::from_mins(16),
        }
    }
}

/// Whom to tell what happens.
pub struct Reports {
    /// Called after each start that succeeded.
    pub restarted: Box<dyn Fn() + Send>,
    /// Called once, when it is given up; the supervisor does nothing more then.
    pub gave_up: Box<dyn FnOnce(Error) + Send>,
}

/// A server that is started again when it dies; stopped when this is dropped.
#[derive(Debug)]
pub struct Supervisor {
    owner_url: String,
    urls: [(Access, String); 4],
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// Takes over a running cluster.
    ///
    /// # Errors
    ///
    /// [`Error::Cluster`] if no thread can be started; the server is stopped then.
    pub fn watch(cluster: Cluster, limits: Limits, reports: Reports) -> Result<Self, Error> {
        let owner_url = cluster.url().to_owned();
        let urls = Access::PROCESSES.map(|access| (access, cluster.url_for(access)));
        let stop = Arc::new(AtomicBool::new(false));
        let watcher = Watcher {
            cluster,
            limits,
            failures: VecDeque::new(),
            pause: limits.pauses.0,
            stop: Arc::clone(&stop),
        };
        let thread = std::thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || watcher.run(reports))
            .map_err(|error| Error::Cluster(format!("no thread for PostgreSQL: {error}")))?;
        Ok(Self { owner_url, urls, stop, thread: Some(thread) })
    }

    /// Where the database answers, for a role.
    #[must_use]
    pub fn url_for(&self, access: Access) -> String {
        let own = self.urls.iter().find(|(of, _)| *of == access);
        own.map_or_else(|| self.owner_url.clone(), |(_, url)| url.clone())
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// The thread's own.
struct Watcher {
    cluster: Cluster,
    limits: Limits,
    /// When it failed, within the last [`Limits::within`].
    failures: VecDeque<Instant>,
    pause: Duration,
    stop: Arc<AtomicBool>,
}

impl Watcher {
    fn run(mut self, reports: Reports) {
        let Reports { restarted, gave_up } = reports;
        while let Some(reason) = self.failure() {
            match self.start_again(reason) {
                _ if self.is_stopped() => return,
                Ok(()) => restarted(),
                Err(error) => {
                    tracing::error!(%error, "PostgreSQL is given up");
                    gave_up(error);
                    return;
                }
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Waits for the server to fail and says how; none when it is to be stopped.
    fn failure(&mut self) -> Option<String> {
        let mut was_without_socket = false;
        loop {
            if self.is_stopped() {
                return None;
            }
            if let Some(status) = self.cluster.ended() {
                return Some(format!("PostgreSQL ended ({status})"));
            }
            // Seen twice, because PostgreSQL removes it itself just before it ends.
            let is_without_socket = !self.cluster.has_socket();
            if is_without_socket && was_without_socket {
                return Some("the socket of PostgreSQL was removed".to_owned());
            }
            was_without_socket = is_without_socket;
            std::thread::sleep(LOOK);
        }
    }

    /// Starts the server until it runs.
    ///
    /// # Errors
    ///
    /// The last reason, when it has failed too often.
    fn start_again(&mut self, mut reason: String) -> Result<(), Error> {
        let mut lines = self.cluster.last_lines();
        loop {
            self.count(&reason, &lines)?;
            tracing::error!(
                reason,
                log = lines,
                pause_ms = u64::try_from(self.pause.as_millis()).unwrap_or(u64::MAX),
                "PostgreSQL does not run; it is started again after the pause"
            );
            self.wait();
            if self.is_stopped() {
                return Ok(());
            }
            self.cluster.stop();
            let left = Cluster::stop_left_over(self.cluster.folder());
            match left.and_then(|()| self.cluster.launch_unless(&self.stop)) {
                Ok(()) => {
                    tracing::warn!("PostgreSQL runs again");
                    return Ok(());
                }
                Err(error) => {
                    "PostgreSQL does not start".clone_into(&mut reason);
                    lines = error.to_string();
                }
            }
        }
    }

    /// Counts a failure.
    ///
    /// # Errors
    ///
    /// If there were too many.
    fn count(&mut self, reason: &str, lines: &str) -> Result<(), Error> {
        let now = Instant::now();
        let Limits { pauses, failures, within } = self.limits;
        self.failures.retain(|at| now.duration_since(*at) < within);
        if self.failures.is_empty() {
            self.pause = pauses.0;
        }
        self.failures.push_back(now);
        if self.failures.len() < failures {
            return Ok(());
        }
        Err(Error::Cluster(format!(
            "{reason}; it failed {failures} times within {} s, so nothing more is tried. {lines}\n\
             What to do: read these lines; if the disk is full, free it; if files are missing or damaged, restore a \
             backup (`chopmark restore`); then start chopmark again. Nothing was changed in {}.",
            within.as_secs(),
            self.cluster.folder().display()
        )))
    }

    /// Waits for the pause, which then becomes longer.
    fn wait(&mut self) {
        let until = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(self.limits.pauses.1);
        while Instant::now() < until && !self.is_stopped() {
            std::thread::sleep(LOOK.min(until.saturating_duration_since(Instant::now())));
        }
    }
}
