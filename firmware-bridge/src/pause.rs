//! A pause that ends early when the bridge stops.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use process::Clock;

/// How often `stop` is looked at.
const STEP: Duration = Duration::from_millis(20);

/// Waits for `wait`, less if `stop` is set meanwhile.
pub(crate) fn pause(clock: &Clock, wait: Duration, stop: &AtomicBool) {
    let until = clock.instant() + wait;
    while clock.instant() < until && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(STEP.min(wait));
    }
}
