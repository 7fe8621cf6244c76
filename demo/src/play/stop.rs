//! The request to stop, by SIGTERM or Ctrl-C; every wait of the demo checks it.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Whether the demo was asked to stop.
pub fn is_requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// Listens for signals as long as the returned runtime lives.
///
/// # Errors
///
/// If the runtime cannot be made.
pub fn listen() -> anyhow::Result<Runtime> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.spawn(async {
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            REQUESTED.store(true, Ordering::SeqCst);
        }
    });
    Ok(runtime)
}
