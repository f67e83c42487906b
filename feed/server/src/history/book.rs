//! The history on disk: one file, replaced whole, at most once an epoch.

use super::History;
use crate::site::Site;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// First byte of the file: its format.
const VERSION: u8 = 1;

/// Largest file read, bytes: what [`super::MOST`] validators at their worst would not reach is no history of ours.
const MAX_FILE: u64 = 1 << 30;

/// Takes in every snapshot and keeps what it learned, until the snapshots end.
pub(crate) async fn keep(site: Site) {
    let place = site.home().map(|home| home.join("history"));
    if let Some(place) = place.clone() {
        let read = tokio::task::spawn_blocking(move || read(&place)).await;
        if let Ok(Some(history)) = read {
            *site.history().write().unwrap_or_else(PoisonError::into_inner) = history;
        }
    }
    let mut snapshots = site.snapshots();
    loop {
        let snapshot = snapshots.borrow_and_update().clone();
        if let Some(snapshot) = snapshot {
            let (site, place) = (site.clone(), place.clone());
            let learned = tokio::task::spawn_blocking(move || {
                let history = site.history();
                let learned = history.write().unwrap_or_else(PoisonError::into_inner).learn(&snapshot);
                if let (true, Some(place)) = (learned, place) {
                    write_down(&site, &place);
                }
            });
            let _ = learned.await;
        }
        if snapshots.changed().await.is_err() {
            return;
        }
    }
}

fn write_down(site: &Site, place: &Path) {
    let bytes = {
        let history = site.history().read().unwrap_or_else(PoisonError::into_inner);
        borsh::to_vec(&(VERSION, &*history))
    };
    let written = bytes.and_then(|bytes| replace(place, &bytes));
    if let Err(problem) = written {
        tracing::warn!(%problem, file = %place.display(), "the feed's history was not written; tried again in an epoch");
    }
}

/// Writes beside the file and moves it there, so that it is there whole or as it was.
fn replace(place: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(directory) = place.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let fresh: PathBuf = place.with_extension("new");
    let mut file = std::fs::File::create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, place)
}

/// What was kept; None when there is nothing, or nothing that can be read.
fn read(place: &Path) -> Option<History> {
    let file = std::fs::File::open(place).ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes).ok()?;
    match borsh::from_slice::<(u8, History)>(&bytes) {
        Ok((VERSION, history)) => Some(history),
        Ok(_) | Err(_) => {
            tracing::warn!(file = %place.display(), "the feed's history cannot be read; it is begun anew");
            None
        }
    }
}

#[cfg(test)]
mod tests;
