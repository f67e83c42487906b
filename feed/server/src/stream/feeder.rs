//! Puts what happens into the ring.

use super::backlog::frames;
use super::frame;
use super::ring::Ring;
use crate::freshness::Freshness;
use crate::log::{Log, Shelf};
use crate::site::Site;
use crate::snapshot::Snapshot;
use crate::view::guardian::CheckpointView;
use crate::view::network::CountsView;
use bytes::Bytes;
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Entries read at once.
const PIECE: u64 = 256;

/// A summary of a snapshot: the numbers that a page shows first.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    freshness: &'a Freshness,
    head: Option<u64>,
    finalized: Option<&'a CheckpointView>,
    paused: bool,
    counts: &'a CountsView,
}

impl<'a> Summary<'a> {
    fn of(snapshot: &'a Snapshot, freshness: &'a Freshness) -> Self {
        let network = snapshot.network();
        Self {
            freshness,
            head: network.head.map(|moment| moment.slot.0),
            finalized: network.finalized.as_ref(),
            paused: network.pauses.network,
            counts: &network.counts,
        }
    }
}

/// The current log as far as it is in the ring.
struct Followed {
    log: Log,
    id: Arc<str>,
    grown: watch::Receiver<u64>,
    next: u64,
}

impl Followed {
    /// Follows the current log of a shelf. What is in the first one is history, however late it comes; one that begins while
    /// another is followed is news from its first entry, unless it was on the shelf before.
    async fn turn(last: Option<Self>, shelf: &Shelf, before: &Shelf, ring: &Ring) -> Option<Self> {
        // A shelf that is empty for a while is one that is made anew.
        let Some(log) = shelf.current().cloned() else { return last };
        let mut is_news = false;
        if let Some(mut last) = last {
            if last.log.id() == log.id() {
                // Opened anew: who wrote the old one is gone, and it grows no more.
                let mut same = Self { grown: log.grown(), log, ..last };
                same.pull(ring).await;
                return Some(same);
            }
            last.pull(ring).await;
            is_news = before.get(log.id()).is_none();
        }
        let id: Arc<str> = log.id().into();
        let next = if is_news { 0 } else { log.size() };
        ring.begin(&id, next);
        let mut begun = Self { grown: log.grown(), log, id, next };
        begun.pull(ring).await;
        Some(begun)
    }

    /// Puts in what the log has more.
    async fn pull(&mut self, ring: &Ring) {
        while self.next < self.log.size() {
            let (log, from) = (self.log.clone(), self.next);
            let to = log.size().min(from.saturating_add(PIECE));
            let read = tokio::task::spawn_blocking(move || frames(&log, from, to)).await;
            let Ok(Ok(frames)) = read else {
                tracing::warn!(
                    log = self.log.id(),
                    from,
                    "entries of the log could not be read for the streams"
                );
                return;
            };
            if frames.is_empty() {
                return;
            }
            self.next = from.saturating_add(u64::try_from(frames.len()).unwrap_or(0));
            ring.entries(&self.id, from, frames);
        }
    }
}

/// Feeds the ring until the statuses end.
pub(crate) async fn feed(site: Site) {
    let ring = site.ring().clone();
    let (mut snapshots, mut shelves) = (site.snapshots(), site.shelves());
    let mut shelf = shelves.borrow_and_update().clone();
    let mut followed = Followed::turn(None, &shelf, &Shelf::default(), &ring).await;
    let quiet = site.settings().heartbeat;
    let mut heartbeat = Instant::now() + quiet;
    loop {
        tokio::select! {
            changed = snapshots.changed() => {
                if changed.is_err() {
                    return;
                }
                let snapshot = snapshots.borrow_and_update().clone();
                if let Some(snapshot) = snapshot {
                    let freshness = site.freshness(Some(&snapshot));
                    ring.status(frame::json_event("status", None, &Summary::of(&snapshot, &freshness)));
                }
            }
            Ok(()) = shelves.changed() => {
                let before = std::mem::replace(&mut shelf, shelves.borrow_and_update().clone());
                followed = Followed::turn(followed.take(), &shelf, &before, &ring).await;
            }
            () = grown(&mut followed) => {
                if let Some(followed) = &mut followed {
                    followed.pull(&ring).await;
                }
            }
            () = sleep_until(heartbeat) => ring.remark(Bytes::from_static(frame::HEARTBEAT.as_bytes())),
        }
        heartbeat = Instant::now() + quiet;
    }
}

/// Waits until the log has grown; for ever where there is none, or where it is not written any more.
async fn grown(followed: &mut Option<Followed>) {
    if let Some(followed) = followed
        && followed.grown.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests;
