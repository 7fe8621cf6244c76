//! Simulators of devices at the wire: the bytes that a maker's device writes, and no more than that.
//!
//! The way through: each simulator opens a pseudo-terminal, a socket or a broker connection and behaves like its
//! device; everything that reads it is the code that runs in production.
//!
//! What holds: simulators are seeded and repeat exactly; of our own crates they use tag encodings, the cryptography of a chip and the
//! type of a read only.
//!
//! Not here: end-to-end tests (`tests/`).

pub mod broker;
pub mod cable;
pub mod chafon;
pub mod fleet;
pub mod impinj_r700;
pub mod llrp;
pub mod mercury;
pub mod ntag424;
pub mod pty;
pub mod r200;
pub mod radio;
pub mod seeded;
pub mod wire;
pub mod xy_md02;
pub mod zebra;
