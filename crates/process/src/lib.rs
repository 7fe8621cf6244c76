//! What every process shares, so that it exists once.
//!
//! The way through: a role receives a [`Context`] when it is started and passes its parts on; nothing below a
//! role's `run` asks the operating system for the time or for random bytes by itself.
//!
//! Not here: what a role does (`firmware-bridge`, `ingest`, `anchor`, `trace-api`, `desk`).

pub mod clock;
pub mod config;
pub mod crash;
pub mod health;
pub mod language;
pub mod log;
pub mod metrics;
pub mod network;
pub mod one_address;
pub mod problem;
pub mod random;
pub mod requests;
pub mod service;
pub mod signals;
pub mod tls;
pub mod vocabulary;

use tokio::sync::watch;

pub use crate::clock::Clock;
pub use crate::crash::CrashPoints;
pub use crate::metrics::ProcessMetrics;
pub use crate::one_address::OneAddress;
pub use crate::random::Randomness;
pub use crate::service::Service;
pub use crate::signals::Reloads;

/// What a role is given besides its settings. Clones share their parts.
#[derive(Debug, Clone)]
pub struct Context {
    /// The time.
    pub clock: Clock,
    /// Random bytes.
    pub random: Randomness,
    /// Places at which a test may kill the process.
    pub crash: CrashPoints,
    /// Turns true when the process must stop; then a role finishes what it has accepted and returns.
    pub shutdown: watch::Receiver<bool>,
    /// Requests to read files again that may change while the process runs.
    pub reloads: Reloads,
    /// What is counted of the process as a whole; every role shows it among its own metrics.
    pub metrics: ProcessMetrics,
    /// Tells the service manager that roles run, and are alive.
    pub service: Service,
    /// Where ingest and trace-api meet if they are answered at one address of this process.
    pub one_address: Option<OneAddress>,
}

impl Context {
    /// The context of a real process: this machine's clock and randomness, crash points from the environment.
    #[must_use]
    pub fn system(shutdown: watch::Receiver<bool>) -> Self {
        Self {
            clock: Clock::system(),
            random: Randomness::system(),
            crash: CrashPoints::from_env(),
            shutdown,
            reloads: Reloads::default(),
            metrics: ProcessMetrics::default(),
            service: Service::default(),
            one_address: None,
        }
    }

    /// Counts the requests to read files again (SIGHUP): `changed` waits for the next one, and returns at once if there was
    /// one before this call. It fails once no clone of this context is left.
    #[must_use]
    pub fn reload(&self) -> watch::Receiver<u64> {
        self.reloads.subscribe()
    }
}
