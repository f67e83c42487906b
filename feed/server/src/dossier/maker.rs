//! Makes dossiers, one at a time, and keeps the newest.
//!
//! # Design decisions
//! - Whoever waits for the turn has the pool's patience, and no more than [`LINE`] wait: readers cannot make a queue without
//!   end.
//! - The turn lasts until the work is done, even when nobody waits for the dossier any more: who asks and leaves, again and
//!   again, does not start one piece of work beside the other.

use super::assembly::assemble;
use super::index::{Index, Mark};
use crate::log::Log;
use crate::server::PATIENCE;
use crate::site::Site;
use bytes::Bytes;
use guardian_core::proposal::ProposalId;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, Semaphore};

/// Entries looked at before others have their turn.
const PIECE: u64 = 256;

/// How often the logs are looked at for more.
const EVERY: Duration = Duration::from_secs(2);

/// Dossiers kept, and how many bytes of them.
const KEPT: usize = 16;
const KEPT_BYTES: usize = 32 << 20;

/// Most readers that wait for the turn.
const LINE: usize = 32;

/// Indices, and the dossiers made last.
#[derive(Debug)]
pub(crate) struct Maker {
    /// By the log's id; as many as there are logs on the shelf.
    indices: Mutex<HashMap<String, Index>>,
    made: Mutex<VecDeque<Made>>,
    /// Whoever has it makes a dossier.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Places to wait for the turn.
    line: Semaphore,
}

impl Default for Maker {
    fn default() -> Self {
        Self {
            indices: Mutex::default(),
            made: Mutex::default(),
            turn: Arc::default(),
            line: Semaphore::new(LINE),
        }
    }
}

#[derive(Debug)]
struct Made {
    id: ProposalId,
    note: Bytes,
    document: Bytes,
}

/// Why there is no dossier.
#[derive(Debug)]
pub(crate) enum Problem {
    /// No log on the shelf tells of it, as far as they were looked at.
    Unknown,
    /// The log has it, and its checkpoint does not cover it yet; or what there is does not fit together.
    NotYet(String),
    /// Too many ask for dossiers.
    Busy,
    /// The disk's.
    Unreadable,
}

impl Maker {
    /// The log that tells of a proposal, the newest of several or the one that is asked for, and the entries that do.
    fn find(&self, site: &Site, id: &ProposalId, from: Option<&str>) -> Option<(Log, Vec<u64>)> {
        let indices = self.indices.lock().unwrap_or_else(PoisonError::into_inner);
        let shelf = site.shelf();
        let wanted = shelf.logs.iter().rev().filter(|log| from.is_none_or(|from| log.id() == from));
        wanted.into_iter().find_map(|log| Some((log.clone(), indices.get(log.id())?.story(id)?)))
    }

    fn kept(&self, id: &ProposalId, note: &Bytes) -> Option<Bytes> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.iter().find(|one| one.id == *id && one.note == note).map(|one| one.document.clone())
    }

    fn keep(&self, id: ProposalId, note: Bytes, document: Bytes) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(|one| one.id != id);
        made.push_back(Made { id, note, document });
        let bytes = |made: &VecDeque<Made>| made.iter().map(|one| one.document.len()).sum::<usize>();
        while made.len() > KEPT || bytes(&made) > KEPT_BYTES {
            made.pop_front();
        }
    }

    /// The right to make one.
    async fn turn(&self) -> Result<OwnedMutexGuard<()>, Problem> {
        let _place = self.line.try_acquire().map_err(|_| Problem::Busy)?;
        let turn = tokio::time::timeout(PATIENCE, self.turn.clone().lock_owned()).await;
        turn.map_err(|_| Problem::Busy)
    }

    /// The dossier of a proposal, made of the newest checkpoint; of one log, if that is asked for.
    pub(crate) async fn make(
        &self,
        site: &Site,
        id: ProposalId,
        from: Option<&str>,
    ) -> Result<Bytes, Problem> {
        let (log, entries) = self.find(site, &id, from).ok_or(Problem::Unknown)?;
        let note =
            log.checkpoint().ok_or_else(|| Problem::NotYet("the log has no checkpoint yet".to_owned()))?;
        if let Some(document) = self.kept(&id, &note) {
            return Ok(document);
        }
        let turn = self.turn().await?;
        if let Some(document) = self.kept(&id, &note) {
            return Ok(document);
        }
        let (site, checkpoint) = (site.clone(), note.clone());
        let made = tokio::task::spawn_blocking(move || {
            // With the turn, which is given up when the document is kept, or when nobody waits for it any more.
            (assemble(&site, &log, &checkpoint, id, &entries), turn)
        });
        let (document, _turn) = made.await.map_err(|_| Problem::Unreadable)?;
        let document = document?;
        self.keep(id, note, document.clone());
        Ok(document)
    }
}

/// Keeps the indices up with the logs, for as long as the site is served.
pub(crate) async fn follow(site: Site) {
    loop {
        let shelf = site.shelf();
        for log in shelf.logs.iter().rev() {
            let log = log.clone();
            loop {
                let (site, log) = (site.clone(), log.clone());
                let more = tokio::task::spawn_blocking(move || step(&site, &log)).await;
                if !matches!(more, Ok(Ok(true))) {
                    break;
                }
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Takes in some entries; false when there are no more. What they tell of is found out before anybody waits for it.
fn step(site: &Site, log: &Log) -> io::Result<bool> {
    let indices = || site.dossiers().indices.lock().unwrap_or_else(PoisonError::into_inner);
    let from = indices().get(log.id()).map_or(0, |index| index.next);
    let mut marks = Vec::new();
    log.visit(from..from.saturating_add(PIECE), |_, bytes| {
        marks.push(Mark::of(bytes));
        true
    })?;
    let is_more = !marks.is_empty();
    indices().entry(log.id().to_owned()).or_default().take(marks);
    Ok(is_more)
}

#[cfg(test)]
mod tests;
