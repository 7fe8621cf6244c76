//! Random bytes, as a value that is passed in.

use std::fmt;
use std::sync::Arc;

use ledger::keys::{SecureRandom, SystemRandom};

/// A source of random bytes for secrets and signatures. Clones share the source.
#[derive(Clone)]
pub struct Randomness(Arc<dyn SecureRandom + Send + Sync>);

impl Randomness {
    /// The operating system's source.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(SystemRandom::new()))
    }

    /// The source, as signing takes it.
    #[must_use]
    pub fn source(&self) -> &dyn SecureRandom {
        &*self.0
    }
}

impl fmt::Debug for Randomness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Randomness")
    }
}
