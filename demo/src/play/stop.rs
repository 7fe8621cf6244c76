//! The request to stop, by SIGTERM or Ctrl-C; every wait, step and check of the demo looks at it.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Whether the demo was asked to stop.
pub fn is_requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// Ends what calls it if the demo was asked to stop.
///
/// # Errors
///
/// If it was.
pub fn check() -> anyhow::Result<()> {
    anyhow::ensure!(!is_requested(), "stopped");
    Ok(())
}

/// Listens for signals as long as the returned runtime lives.
///
/// # Errors
///
/// If the runtime cannot be made, or the system does not let us listen.
pub fn listen() -> anyhow::Result<Runtime> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (mut terminate, mut interrupt) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    runtime.spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        REQUESTED.store(true, Ordering::SeqCst);
    });
    Ok(runtime)
}
