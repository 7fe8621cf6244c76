//! Named places at which a test may kill this process, to prove what survives.
//!
//! `CHOPMARK_CRASH_AT=anchor.sent:2` ends the process with SIGKILL at the second passing of that place.
//! Compiled into debug builds only; in a release build every call is empty.
//!
//! | place | what is durable there |
//! |---|---|
//! | `hub.before_commit` | nothing of this epoch |
//! | `hub.after_commit` | the hub's new entries and its signed checkpoint |
//! | `anchor.prepared` | the anchor, and a signed transaction that was not sent yet |
//! | `anchor.sent` | the transaction may be on its way; the state says so |
//! | `anchor.mined` | the block that took it |
//! | `anchor.before_final` | as before; the proof is collected and not stored |

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
