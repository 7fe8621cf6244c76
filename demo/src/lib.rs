//! What the demo, the bench, the load test and the end-to-end tests share: simulated devices, and traffic over HTTP.
//!
//! What holds: no crate of the product depends on this one.
//!
//! Not here: the demo, the bench and the load test themselves (the program `chopmark-demo`, `main.rs`).

pub mod simulators;
pub mod traffic;
