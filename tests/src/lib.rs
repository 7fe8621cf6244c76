//! Simulators of devices at the wire: what a maker's device writes, byte for byte, and nothing behind it.
//!
//! The way through: each simulator opens a pseudo-terminal or a broker connection and behaves like its
//! device; everything that reads it is the code that runs in production.
//!
//! What holds: seeded, the same every time; no simulator knows anything of our crates but tag encodings and the shape of a read.
//!
//! Not here: end-to-end tests (beside, in `e2e/`).

pub mod broker;
pub mod cable;
pub mod chafon;
pub mod fleet;
pub mod impinj_r700;
pub mod llrp;
pub mod mercury;
pub mod pty;
pub mod r200;
pub mod radio;
pub mod seeded;
pub mod wire;
pub mod xy_md02;
pub mod zebra;
