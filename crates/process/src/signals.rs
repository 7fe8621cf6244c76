//! When a process stops: SIGTERM, SIGINT, or the end of standard input.
//!
//! What holds: the first signal lets every role finish what it has accepted; a second one ends the process at once, as
//! a power cut would, and everything durable is continued at the next start.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::clock::Clock;

/// Time within which another signal counts as the same: some senders reach a process twice with one.
const SAME_SIGNAL: Duration = Duration::from_millis(300);

/// Exit status after a second signal.
const KILLED: i32 = 130;

/// SIGTERM and SIGINT, from the moment this is made.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes over both signals; must be called inside a runtime.
    ///
    /// # Errors
    ///
    /// If the operating system refuses.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Turns `stop` true at the first signal or, if `until_stdin_ends`, at the end of standard input; ends the process
    /// at the second signal. Never returns, so it is spawned.
    pub async fn stop(mut self, until_stdin_ends: bool, stop: watch::Sender<bool>, clock: Clock) {
        tokio::select! {
            () = self.next() => {}
            () = stdin_end(), if until_stdin_ends => {}
        }
        stop.send(true).ok();
        let first = clock.instant();
        loop {
            self.next().await;
            if clock.instant().duration_since(first) > SAME_SIGNAL {
                tracing::warn!(
                    "second signal: the process ends at once; what is unfinished is continued at the next start"
                );
                std::process::exit(KILLED);
            }
        }
    }
}

/// Waits until standard input ends, on a thread that the runtime must not wait for.
async fn stdin_end() {
    let reading = tokio::task::spawn_blocking(|| {
        std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()).ok();
    });
    reading.await.ok();
}
