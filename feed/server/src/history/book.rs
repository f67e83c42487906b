//! The history on disk: one file, replaced whole.

use super::{History, WRITTEN_EVERY};
use crate::log::durable;
use crate::site::Site;
use crate::snapshot::Snapshot;
use crypto::spec::Epoch;
use guardian_core::guardian_set::NetworkId;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// First byte of the file: its format.
const VERSION: u8 = 2;

/// Largest file read, bytes: what [`super::MOST`] validators at their worst would not reach is no history of ours.
const MAX_FILE: u64 = 1 << 30;

/// Takes in every snapshot and keeps what it learned, until the snapshots end.
pub(crate) async fn keep(site: Site) {
    let Some(mut book) = Book::open(&site).await else { return };
    let mut snapshots = site.snapshots();
    loop {
        let snapshot = snapshots.borrow_and_update().clone();
        if let Some(snapshot) = snapshot {
            let site = site.clone();
            let taken = tokio::task::spawn_blocking(move || {
                book.take_in(&site, &snapshot);
                book
            });
            let Ok(same) = taken.await else {
                tracing::error!("the feed's history ended; charts grow no more until a restart");
                return;
            };
            book = same;
        }
        if snapshots.changed().await.is_err() {
            return;
        }
    }
}

/// Where the history is kept, and how much of it is there.
#[derive(Debug)]
struct Book {
    network: NetworkId,
    place: Option<PathBuf>,
    written: Option<Epoch>,
}

impl Book {
    /// With what was kept, which the site shows from now on.
    async fn open(site: &Site) -> Option<Self> {
        let network = site.definition().id();
        let place = site.home().map(|home| home.join("history"));
        let site = site.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let kept = place.as_deref().and_then(|place| read(place, network));
            let written = kept.as_ref().and_then(History::last);
            if let Some(history) = kept {
                site.set_history(Arc::new(history));
            }
            Self { network, place, written }
        });
        opened.await.ok()
    }

    /// Takes in a snapshot. No reader waits: it is done beside what they see, and shown when it is whole.
    fn take_in(&mut self, site: &Site, snapshot: &Snapshot) {
        let known = site.history();
        let is_new =
            snapshot.status().finalized.is_some_and(|checkpoint| Some(checkpoint.epoch) > known.last());
        if !is_new {
            return;
        }
        let mut history = History::clone(&known);
        if !history.learn(snapshot) {
            return;
        }
        let history = Arc::new(history);
        site.set_history(history.clone());
        self.write_down(&history);
    }

    /// Writes it, if it is time to.
    fn write_down(&mut self, history: &History) {
        let Some(place) = self.place.as_deref().filter(|_| is_time(self.written, history.last())) else {
            return;
        };
        let bytes = borsh::to_vec(&(VERSION, self.network.0, history));
        match bytes.and_then(|bytes| durable::replace(place, &bytes)) {
            Ok(()) => self.written = history.last(),
            Err(problem) => {
                tracing::warn!(%problem, file = %place.display(), "the feed's history was not written; tried again in an epoch");
            }
        }
    }
}

/// Whether what was learned up to `last` is written, after it was up to `written`.
fn is_time(written: Option<Epoch>, last: Option<Epoch>) -> bool {
    let part = |epoch: Epoch| epoch.0 / WRITTEN_EVERY;
    last.map(part) > written.map(part)
}

/// What was kept; None when there is nothing, or nothing of this network that can be read.
fn read(place: &Path, network: NetworkId) -> Option<History> {
    let file = std::fs::File::open(place).ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes).ok()?;
    match borsh::from_slice::<(u8, [u8; 32], History)>(&bytes) {
        Ok((VERSION, of, history)) if of == network.0 => Some(history),
        Ok((VERSION, ..)) => {
            tracing::info!(file = %place.display(), "the feed's history is of another network; it is begun anew");
            None
        }
        Ok(_) | Err(_) => {
            tracing::warn!(file = %place.display(), "the feed's history cannot be read; it is begun anew");
            None
        }
    }
}

#[cfg(test)]
mod tests;
