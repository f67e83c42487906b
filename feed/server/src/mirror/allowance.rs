//! `Allowance`: how much of a log's content a source may still send in this turn. What is left over waits for the next one,
//! so that no source fills a disk at once, or keeps its own status waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;

/// Bytes, counted down, and a moment after which none is taken. Clones count together.
#[derive(Debug, Clone)]
pub(super) struct Allowance {
    left: Arc<AtomicU64>,
    until: Instant,
}

impl Allowance {
    pub(super) fn of(bytes: u64, until: Instant) -> Self {
        Self { left: Arc::new(AtomicU64::new(bytes)), until }
    }

    /// Counts what came. It may be more than was left: an answer is bounded by itself.
    pub(super) fn take(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let less = |left: u64| Some(left.saturating_sub(bytes));
        // The closure always gives a value, so this cannot fail.
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// Whether nothing is left, or the time is over.
    pub(super) fn is_spent(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0 || Instant::now() >= self.until
    }
}
