//! The service manager is told how the process is: ready, reloading, stopping, alive (systemd's `sd_notify`).
//!
//! The way through: `chopmark up` makes a [`Manager`] and runs [`Manager::follow`]. Each role says [`Service::started`] when it
//! can be reached, and each worker of its HTTP server calls [`Service::beat_here`].
//!
//! What holds:
//!
//! - without `NOTIFY_SOCKET` nothing is sent, and nothing waits for anybody;
//! - the watchdog is fed only while every worker of every role takes its turn; that needs no connection, so strangers
//!   who hold all connections cannot have the process killed;
//! - a manager that does not listen delays nothing.
//!
//! Not here: units (`packaging`).
//!
//! Source: `sd_notify`(3), `sd_watchdog_enabled`(3), systemd.service(5) (`Type=notify-reload`).

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Time between two beats of a worker.
const BEAT: Duration = Duration::from_millis(500);
/// A worker that has not taken its turn for so long hangs.
const HANGS_AFTER: Duration = Duration::from_secs(10);

/// When a worker took its last turn.
type LastBeat = Mutex<Instant>;

/// What roles say of themselves. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Service(Arc<State>);

#[derive(Debug)]
struct State {
    /// Roles that can be reached.
    started: watch::Sender<BTreeSet<&'static str>>,
    beats: Mutex<Vec<Weak<LastBeat>>>,
}

impl Default for State {
    fn default() -> Self {
        Self { started: watch::Sender::new(BTreeSet::new()), beats: Mutex::default() }
    }
}

impl Service {
    /// Says that a role has begun its work: whoever sends to it is answered.
    pub fn started(&self, role: &'static str) {
        self.0.started.send_if_modified(|started| started.insert(role));
    }

    /// Lets the worker that runs this show that it takes its turns, until it ends. To be called on its thread, in its
    /// runtime, such as in the factory of an HTTP server.
    pub fn beat_here(&self) {
        let beat = Arc::new(LastBeat::new(Instant::now()));
        let mut beats = self.0.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats.retain(|beat| beat.strong_count() > 0);
        beats.push(Arc::downgrade(&beat));
        drop(beats);
        actix_web::rt::spawn(async move {
            loop {
                *beat.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                tokio::time::sleep(BEAT).await;
            }
        });
    }

    /// Whether every worker took its turn lately.
    #[must_use]
    pub fn is_alive(&self, now: Instant) -> bool {
        let beats = self.0.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats.iter().filter_map(Weak::upgrade).all(|beat| {
            let last = *beat.lock().unwrap_or_else(PoisonError::into_inner);
            now.saturating_duration_since(last) < HANGS_AFTER
        })
    }
}

/// The service manager, if there is one.
#[derive(Debug)]
pub struct Manager {
    socket: Option<UnixDatagram>,
    /// How often it wants to hear that the process is alive.
    watchdog: Option<Duration>,
}

impl Manager {
    /// The one that the environment names: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`.
    ///
    /// # Errors
    ///
    /// If the socket is named and cannot be used.
    pub fn from_env() -> io::Result<Self> {
        let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let period = number("WATCHDOG_USEC").filter(|period| is_ours && *period > 0);
        let socket = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty());
        Self::at(socket.as_deref(), period.map(Duration::from_micros))
    }

    /// - `socket`: path of its socket, or `@` and an abstract name; none if there is no manager.
    /// - `watchdog`: time within which it must hear that the process is alive.
    fn at(socket: Option<&OsStr>, watchdog: Option<Duration>) -> io::Result<Self> {
        let Some(name) = socket else { return Ok(Self { socket: None, watchdog: None }) };
        let address = match name.as_bytes() {
            [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest)?,
            [b'/', ..] => SocketAddr::from_pathname(name)?,
            _ => {
                let text = "NOTIFY_SOCKET: expected a path from `/`, or `@` and a name";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        socket.set_nonblocking(true)?;
        // Three chances within the time.
        Ok(Self { socket: Some(socket), watchdog: watchdog.map(|period| period / 3) })
    }

    fn tell(&self, text: &str) {
        let Some(socket) = &self.socket else { return };
        if let Err(error) = socket.send(text.as_bytes()) {
            tracing::warn!(%error, text, "the service manager could not be told");
        }
    }

    /// Tells it how the process is, until the process stops.
    ///
    /// - `roles`: how many there are; it is ready when all of them have started.
    pub async fn follow(
        self,
        service: Service,
        roles: usize,
        mut reloads: watch::Receiver<u64>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut started = service.0.started.subscribe();
        let never = Duration::from_hours(24 * 365);
        let mut beats = tokio::time::interval(self.watchdog.unwrap_or(never));
        let mut is_ready = false;
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => {
                    self.tell("STOPPING=1\nSTATUS=finishes what was accepted");
                    return;
                }
                Ok(()) = started.changed(), if !is_ready => {
                    is_ready = started.borrow_and_update().len() >= roles;
                    if is_ready {
                        self.tell("READY=1\nSTATUS=runs");
                    }
                }
                Ok(()) = reloads.changed(), if is_ready => {
                    // Every role has been told by the same signal; none answers when it has read its files.
                    self.tell(&reloading());
                    self.tell("READY=1\nSTATUS=runs");
                }
                _ = beats.tick(), if self.watchdog.is_some() => {
                    if service.is_alive(Instant::now()) {
                        self.tell("WATCHDOG=1");
                    } else {
                        tracing::error!("a worker hangs; the service manager is not told that the process is alive");
                    }
                }
            }
        }
    }
}

/// `RELOADING=1` with the time that `Type=notify-reload` asks for.
fn reloading() -> String {
    use nix::time::{ClockId, clock_gettime};
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default();
    format!("RELOADING=1\nMONOTONIC_USEC={}", now.as_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next message, within 20 s.
    fn next(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 500];
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let length = socket.recv(&mut bytes).expect("a message");
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    async fn told(socket: Arc<UnixDatagram>) -> String {
        tokio::task::spawn_blocking(move || next(&socket)).await.unwrap()
    }

    #[tokio::test]
    async fn a_manager_is_told_when_all_roles_run_when_files_are_read_again_and_when_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = Arc::new(UnixDatagram::bind(&path).unwrap());
        let manager = Manager::at(Some(path.as_os_str()), None).unwrap();
        let (service, reloads) = (Service::default(), crate::Reloads::default());
        let (stop, stopped) = watch::channel(false);
        let following = manager.follow(service.clone(), 2, reloads.subscribe(), stopped);
        let following = tokio::spawn(following);
        service.started("ingest");
        service.started("ingest");
        tokio::task::yield_now().await;
        service.started("trace-api");
        assert_eq!(told(socket.clone()).await, "READY=1\nSTATUS=runs");
        reloads.request();
        let reloading = told(socket.clone()).await;
        let at = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect("a time");
        assert!(at.parse::<u64>().unwrap() > 0, "{reloading}");
        assert!(told(socket.clone()).await.starts_with("READY=1"));
        stop.send(true).unwrap();
        assert!(told(socket).await.starts_with("STOPPING=1"));
        following.await.unwrap();
    }

    #[tokio::test]
    async fn the_watchdog_is_fed_on_an_abstract_socket_and_only_while_every_worker_takes_its_turn()
    {
        let name = format!("chopmark-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = Arc::new(UnixDatagram::bind_addr(&address).unwrap());
        let at = format!("@{name}");
        let short = Some(Duration::from_millis(60));
        let manager = Manager::at(Some(OsStr::new(&at)), short).unwrap();
        let (service, reloads) = (Service::default(), crate::Reloads::default());
        let (stop, stopped) = watch::channel(false);
        // A worker that is alive now and takes no further turn.
        let beat = Arc::new(LastBeat::new(Instant::now()));
        service.0.beats.lock().unwrap().push(Arc::downgrade(&beat));
        assert!(service.is_alive(Instant::now()));
        assert!(!service.is_alive(Instant::now() + HANGS_AFTER), "it hangs by then");
        let following = manager.follow(service.clone(), 9, reloads.subscribe(), stopped);
        let following = tokio::spawn(following);
        assert_eq!(told(socket.clone()).await, "WATCHDOG=1");
        *beat.lock().unwrap() = Instant::now().checked_sub(HANGS_AFTER).unwrap();
        // Whatever was under way is read; then the end of the process is the next thing said.
        let ended = tokio::task::spawn_blocking({
            let socket = socket.clone();
            move || {
                socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
                let mut bytes = [0; 100];
                while socket.recv(&mut bytes).is_ok() {}
            }
        });
        ended.await.unwrap();
        stop.send(true).unwrap();
        assert!(told(socket).await.starts_with("STOPPING=1"));
        following.await.unwrap();
        drop(beat);
        assert!(service.is_alive(Instant::now()), "a worker that has ended does not hang");
    }

    #[test]
    fn a_worker_that_blocks_is_noticed_and_one_that_turns_is_not() {
        let service = Service::default();
        let local = tokio::task::LocalSet::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let begun = Instant::now();
        local.block_on(&runtime, async {
            service.beat_here();
            // It takes its first turn.
            tokio::task::yield_now().await;
        });
        // The thread does something else now: no beat is later than this.
        assert!(service.is_alive(begun + HANGS_AFTER));
        assert!(!service.is_alive(Instant::now() + HANGS_AFTER));
    }

    #[test]
    fn without_a_manager_nothing_is_sent_and_a_name_that_is_none_is_refused() {
        let manager = Manager::at(None, Some(Duration::from_secs(1))).unwrap();
        assert!(manager.watchdog.is_none());
        manager.tell("READY=1");
        for name in ["notify", "vsock:2:1"] {
            let error = Manager::at(Some(OsStr::new(name)), None).unwrap_err();
            assert!(error.to_string().contains("expected a path from `/`"), "{error}");
        }
    }
}
