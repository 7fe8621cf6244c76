//! SIGINT and SIGTERM while a backup is made or restored: what was begun is removed or stays recognisable, nothing goes on running.
//!
//! The way through: [`Interrupt::listen`] takes over both signals; [`Interrupt::block_on`] ends a future at the first one, [`Interrupt::check`]
//! is asked between two steps that cannot be ended.
//!
//! What holds: after the first signal the caller gets an error and cleans up as after any other; a second one ends the process at once.
//!
//! Not here: what is cleaned up (`backup.rs`, `restore.rs`).

use anyhow::bail;
use process::Clock;
use process::signals::Signals;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Both signals, and the runtime of the command.
pub struct Interrupt {
    runtime: Runtime,
    stop: watch::Receiver<bool>,
}

impl Interrupt {
    /// Takes over both signals.
    ///
    /// # Errors
    ///
    /// If the operating system refuses.
    pub fn listen() -> anyhow::Result<Self> {
        let runtime = Runtime::new()?;
        let (sender, stop) = watch::channel(false);
        let signals = runtime.block_on(async { Signals::listen() })?;
        runtime.spawn(signals.stop(false, sender, Clock::system()));
        Ok(Self { runtime, stop })
    }

    /// Fails after the first signal.
    ///
    /// # Errors
    ///
    /// That it was interrupted.
    pub fn check(&self) -> anyhow::Result<()> {
        if *self.stop.borrow() {
            bail!("interrupted by a signal");
        }
        Ok(())
    }

    /// Runs `work`, until the first signal at most.
    ///
    /// # Errors
    ///
    /// As [`Self::check`], and what `work` returns.
    pub fn block_on<T>(&self, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        let mut stop = self.stop.clone();
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                _ = stop.wait_for(|is_stopped| *is_stopped) => bail!("interrupted by a signal"),
                result = work => result,
            }
        })
    }
}
