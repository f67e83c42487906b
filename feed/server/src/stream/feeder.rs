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
    /// Follows the current log of a shelf. What was in it before is history; a log that was not on the shelf before is news
    /// from its first entry.
    fn begin(shelf: &Shelf, before: Option<&Shelf>, ring: &Ring) -> Option<Self> {
        let log = shelf.current()?.clone();
        let id: Arc<str> = log.id().into();
        let is_news = before.is_some_and(|before| before.get(&id).is_none());
        let next = if is_news { 0 } else { log.size() };
        ring.begin(&id, next);
        Some(Self { grown: log.grown(), log, id, next })
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
    let mut followed = Followed::begin(&shelf, None, &ring);
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
                let current = shelf.current().map(Log::id);
                if followed.as_ref().map(|followed| followed.log.id()) == current {
                    continue;
                }
                if let Some(last) = &mut followed {
                    last.pull(&ring).await;
                }
                followed = Followed::begin(&shelf, Some(&before), &ring);
                if let Some(followed) = &mut followed {
                    followed.pull(&ring).await;
                }
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
