//! When a process stops: SIGTERM, SIGINT, or the end of standard input; and when it reads its files again: SIGHUP.
//!
//! What holds: the first signal lets every role finish what it has accepted; a second one ends the process at once, as
//! a power cut would, and everything durable is continued at the next start. SIGHUP never ends a process, unless
//! the terminal that it was started from is gone.

use std::io::IsTerminal as _;
use std::sync::Arc;
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

/// How often this process was asked to read its files again. Clones share the count.
#[derive(Debug, Clone)]
pub struct Reloads(Arc<watch::Sender<u64>>);

impl Default for Reloads {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Reloads {
    /// Follows the count: `changed` waits for the next request, or returns at once if there was one already. What came
    /// while the process started, perhaps after the follower had read its files, is not missed. It fails when no clone of
    /// `self` is left.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        let mut followed = self.0.subscribe();
        if *followed.borrow() > 0 {
            followed.mark_changed();
        }
        followed
    }

    /// Asks everybody who follows to read their files again.
    pub fn request(&self) {
        self.0.send_modify(|count| *count += 1);
    }
}

/// SIGHUP, from the moment this is made.
#[derive(Debug)]
pub struct Hangups {
    hangup: Signal,
    had_terminal: bool,
}

impl Hangups {
    /// Takes over the signal; must be called inside a runtime.
    ///
    /// # Errors
    ///
    /// If the operating system refuses.
    pub fn listen() -> std::io::Result<Self> {
        let had_terminal = std::io::stdin().is_terminal();
        Ok(Self { hangup: signal(SignalKind::hangup())?, had_terminal })
    }

    /// Makes each SIGHUP a request to read the files again. If the process was started from a terminal that has been
    /// closed, nobody is there any more who could stop it: then `stop` turns true. Never returns, so it is spawned.
    pub async fn reload(mut self, reloads: Reloads, stop: watch::Sender<bool>) {
        while self.hangup.recv().await.is_some() {
            if self.had_terminal && !std::io::stdin().is_terminal() {
                tracing::info!("the terminal was closed: the process stops");
                stop.send(true).ok();
                continue;
            }
            tracing::info!("SIGHUP: files that may change while the process runs are read again");
            reloads.request();
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

#[cfg(test)]
mod tests {
    use nix::sys::signal::{Signal, raise};

    use super::*;

    #[tokio::test]
    async fn a_request_from_before_somebody_followed_is_told_once_and_none_is_told_where_there_was_none()
     {
        let reloads = Reloads::default();
        let early = reloads.subscribe();
        assert!(!early.has_changed().unwrap());
        reloads.request();
        let mut late = reloads.subscribe();
        tokio::time::timeout(Duration::from_secs(20), late.changed()).await.unwrap().unwrap();
        assert!(!late.has_changed().unwrap());
    }

    #[tokio::test]
    async fn each_hangup_is_counted_by_everybody_who_follows_and_ends_nothing() {
        let reloads = Reloads::default();
        let mut followers = [reloads.subscribe(), reloads.clone().subscribe()];
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(Hangups::listen().unwrap().reload(reloads, stop));
        for count in 1..=3 {
            raise(Signal::SIGHUP).unwrap();
            for follower in &mut followers {
                let changed = tokio::time::timeout(Duration::from_secs(20), follower.changed());
                changed.await.expect("a request within 20 s").unwrap();
                assert_eq!(*follower.borrow_and_update(), count);
            }
        }
        assert!(!*stopped.borrow());
    }
}
