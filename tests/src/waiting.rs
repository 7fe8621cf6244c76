//! Waiting for a condition instead of sleeping, and addresses that are free.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// Longest wait for anything that several processes and a database take part in.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Waits for a condition; panics with `what` after [`PATIENCE`].
pub fn wait_for(what: &str, condition: impl FnMut() -> bool) {
    wait_at_most(PATIENCE, what, condition);
}

/// Waits for a condition; panics with `what` after `limit`.
pub fn wait_at_most(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !condition() {
        assert!(Instant::now() < deadline, "timed out after {} s: {what}", limit.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An address on the loopback interface that nothing listens on.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("loopback has free ports")
}
