//! Settles a stored window again and compares the result with what was delivered, byte for byte.
//!
//! What holds: the comparison uses digests that were stored when the window closed, so a changed program or a changed
//! file is detected; nothing is written.
//!
//! Source: docs/decisions/0015-settling.md.

use reads::{Delivery, Window};
use settling::settle;
use thiserror::Error;

use crate::spool::{KeptWindow, Spool, SpoolError};

/// Why a window cannot be settled again.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The spool failed.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The window is not stored.
    #[error(
        "window `{0}` is not stored: it may be older than keep_windows_h, still open, or of another bridge; `chopmark reader replay --list` lists those that are"
    )]
    Unknown(String),
    /// The raw window is damaged.
    #[error("raw window {window} cannot be read")]
    Raw {
        /// Its number.
        window: i64,
        /// Why.
        #[source]
        source: reads::WindowError,
    },
}

/// One delivery made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The delivery.
    pub delivery: Delivery,
    /// SHA-256 of its bytes, hex.
    pub digest: String,
    /// SHA-256 of the bytes that were delivered; none if no delivery with this sequence number was stored.
    pub delivered: Option<String>,
}

impl Replayed {
    /// Whether the bytes are the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.delivered.as_ref() == Some(&self.digest)
    }
}

/// The result of settling a window again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The window as it is stored.
    pub window: KeptWindow,
    /// Digest of its raw bytes, hex.
    pub digest: String,
    /// How many raw reads.
    pub reads: usize,
    /// The deliveries.
    pub deliveries: Vec<Replayed>,
}

impl Replay {
    /// Whether exactly the deliveries that were sent were made again, byte for byte.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.deliveries.len() == self.window.delivered.len()
            && self.deliveries.iter().all(Replayed::is_same)
    }
}

/// Settles a stored window again.
///
/// - `name`: its number or its digest.
///
/// # Errors
///
/// [`ReplayError`].
pub fn replay(spool: &Spool, name: &str) -> Result<Replay, ReplayError> {
    let window = spool.closed_window(name)?.ok_or_else(|| ReplayError::Unknown(name.to_owned()))?;
    let reads = Window::parse(&window.raw)
        .map_err(|source| ReplayError::Raw { window: window.window, source })?;
    let digest = ledger::hash::sha256(&window.raw).to_string();
    let closed = settle::close(&window.closing, &reads, &digest);
    let deliveries = closed
        .deliveries
        .into_iter()
        .map(|delivery| Replayed {
            digest: ledger::hash::sha256(&delivery.to_bytes()).to_string(),
            delivered: window
                .delivered
                .iter()
                .find(|(seq, _)| *seq == delivery.seq)
                .map(|(_, digest)| digest.clone()),
            delivery,
        })
        .collect();
    Ok(Replay { reads: reads.len(), digest, deliveries, window })
}
