//! Named places at which a test may kill this process, to prove what survives.
//!
//! `CHOPMARK_CRASH_AT=ingest.before_commit:3` ends the process with SIGKILL at the third passing of that
//! place. Compiled into debug builds only; in a release build every call is empty.

/// Ends the process here if `CHOPMARK_CRASH_AT` says so.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let Ok(wanted) = std::env::var("CHOPMARK_CRASH_AT") else { return };
    let (place, times) = wanted.split_once(':').unwrap_or((&wanted, "1"));
    if place != name {
        return;
    }
    let times: u64 = times.parse().unwrap_or(1);
    if PASSED.fetch_add(1, Ordering::SeqCst) + 1 == times {
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).ok();
    }
}

/// Does nothing: this is a release build.
#[cfg(not(debug_assertions))]
pub fn point(_name: &str) {}
