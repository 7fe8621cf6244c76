//! Counts statements and connections taken from the pool, so that a test can compare how much work two requests cause.
//!
//! What holds: built for tests only; a thread counts its own, so tests that run at the same time do not disturb one
//! another.

use std::cell::Cell;

thread_local! {
    static STATEMENTS: Cell<u64> = const { Cell::new(0) };
    static CONNECTIONS: Cell<u64> = const { Cell::new(0) };
}

/// Counts a statement of a query file.
pub(crate) fn count() {
    STATEMENTS.set(STATEMENTS.get() + 1);
}

/// Counts a connection that was taken from the pool.
pub(crate) fn count_connection() {
    CONNECTIONS.set(CONNECTIONS.get() + 1);
}

/// Statements of query files that this thread ran so far: what a test on a runtime of one thread did.
#[must_use]
pub fn statements() -> u64 {
    STATEMENTS.get()
}

/// Connections that this thread took from the pool so far.
#[must_use]
pub fn connections() -> u64 {
    CONNECTIONS.get()
}
