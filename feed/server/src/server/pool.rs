//! `Pool`: work that blocks, done for readers, so many at once; and threads for what must not wait for any reader.
//!
//! # Design decisions
//! - Whoever waits for a place does so for [`PATIENCE`] and is refused then: readers cannot make a queue without end.
//! - What is done once for all readers (a snapshot is indexed, and packed) has a thread of its own each time. That is one
//!   every slot, and no crowd of readers delays it.

use super::priority;
use crate::api::answer::Refusal;
use crate::settings::Settings;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// Longest wait for a place, or for a turn.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Blocking threads for what is not done for one reader: history, streams, dossiers.
const OWN: usize = 4;

/// Places for work that blocks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pool {
    places: Arc<Semaphore>,
}

impl Pool {
    /// Of these settings: two places for each thread.
    pub fn new(settings: &Settings) -> Self {
        Self { places: Arc::new(Semaphore::new(places(settings))) }
    }

    /// Does it where waiting for the disk harms nobody.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = tokio::time::timeout(PATIENCE, self.places.clone().acquire_owned()).await;
        // The semaphore is never closed.
        let Ok(Ok(place)) = place else { return Err(Refusal::busy()) };
        // The place is held until the work is done, even when nobody waits for it any more.
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        done.await.map_err(|_| Refusal::unreadable())
    }

    /// Takes all places, as many readers do at once.
    #[cfg(test)]
    pub(crate) async fn fill(&self) -> tokio::sync::OwnedSemaphorePermit {
        let all = self.places.available_permits().try_into().unwrap();
        self.places.clone().acquire_many_owned(all).await.unwrap()
    }
}

fn places(settings: &Settings) -> usize {
    settings.threads.clamp(1, 1_024).saturating_mul(2)
}

/// Threads that the runtime needs for work that blocks.
pub(super) fn threads(settings: &Settings) -> usize {
    places(settings).saturating_add(OWN)
}

/// Does it on a thread of its own. None when the system gives no thread, or the work panics.
pub(crate) async fn alone<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = oneshot::channel();
    let thread = std::thread::Builder::new().name("feed-work".to_owned()).spawn(move || {
        priority::lower();
        // Whoever asked may be gone.
        let _ = done.send(work());
    });
    if let Err(problem) = thread {
        tracing::warn!(%problem, "the feed got no thread");
        return None;
    }
    result.await.ok()
}

#[cfg(test)]
mod tests;
