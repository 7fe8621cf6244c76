//! The slots in which exports are written: few at once, so that they leave room for pages.

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

/// Exports that are written at once.
pub const AT_ONCE: u32 = 2;

/// The slots of a process.
#[derive(Debug)]
pub struct Jobs {
    slots: Semaphore,
}

impl Default for Jobs {
    fn default() -> Self {
        Self { slots: Semaphore::new(AT_ONCE as usize) }
    }
}

impl Jobs {
    /// Waits for a slot, which is held as long as what is returned.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the process stops.
    pub async fn slot(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.slots.acquire().await
    }

    /// All slots, as if exports were written in them.
    #[cfg(test)]
    pub(crate) async fn all_slots(&self) -> SemaphorePermit<'_> {
        self.slots.acquire_many(AT_ONCE).await.unwrap()
    }
}
