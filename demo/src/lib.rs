//! What the demo, the bench and the end-to-end tests share: simulated devices.
//!
//! What holds: no crate of the product depends on this one.
//!
//! Not here: the demo and the bench themselves (the program `chopmark-demo`, `main.rs`).

pub mod simulators;
