//! `Backlog`: what a reader missed, read from the log piece by piece.

use super::frame;
use super::ring::Published;
use crate::log::{Log, Shelf};
use crate::server::Pool;
use bytes::Bytes;
use feed::tile::{TilePath, WIDTH, unbundle};
use serde::Serialize;
use std::collections::VecDeque;
use std::io;

/// Most entries that are sent again.
pub(super) const MOST: u64 = 1_000;

/// Most tiles named in one gap.
const MAX_TILES: u64 = 64;

/// Entries that are to be sent before the present.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    ready: VecDeque<Bytes>,
    stretches: VecDeque<Stretch>,
}

/// Some of one log: from this index until before that one.
#[derive(Debug, Clone)]
struct Stretch {
    log: Log,
    from: u64,
    to: u64,
}

/// What is said of entries that are not sent.
#[derive(Debug, Serialize)]
struct Gap<'a> {
    log: &'a str,
    from: u64,
    to: u64,
    tiles: Vec<String>,
    more_tiles: bool,
}

impl Backlog {
    /// Frames that are there already.
    pub(super) fn ready(frames: Vec<Bytes>) -> Self {
        Self { ready: frames.into(), stretches: VecDeque::new() }
    }

    /// What follows entry `index` of log `id`, up to what was published. None when the shelf has no such log.
    pub(super) fn since(shelf: &Shelf, id: &str, index: u64, published: &Published) -> Option<Self> {
        let from = shelf.logs.iter().position(|log| log.id() == id)?;
        let mut stretches: VecDeque<Stretch> = VecDeque::new();
        for (place, log) in shelf.logs.iter().enumerate().skip(from) {
            let first = if place == from { index.saturating_add(1) } else { 0 };
            let is_current = *log.id() == *published.log;
            let to = if is_current { published.size } else { log.size() };
            if first < to {
                stretches.push_back(Stretch { log: log.clone(), from: first, to });
            }
            if is_current {
                break;
            }
        }
        let count =
            stretches.iter().fold(0u64, |sum, one| sum.saturating_add(one.to.saturating_sub(one.from)));
        if count <= MOST {
            return Some(Self { ready: VecDeque::new(), stretches });
        }
        Some(Self { ready: stretches.iter().map(Stretch::gap).collect(), stretches: VecDeque::new() })
    }

    /// The next piece; None when there is nothing more. Entries are read a bundle at a time, each bundle once.
    pub(super) async fn next(&mut self, pool: &Pool) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Ok(Some(frame));
            }
            let Some(stretch) = self.stretches.front_mut() else { return Ok(None) };
            let (log, from) = (stretch.log.clone(), stretch.from);
            let bundle_end = (from / u64::from(WIDTH)).saturating_add(1).saturating_mul(WIDTH.into());
            let to = stretch.to.min(bundle_end);
            stretch.from = to;
            if stretch.from >= stretch.to {
                self.stretches.pop_front();
            }
            let read = pool.run(move || frames(&log, from, to)).await;
            self.ready.extend(read.map_err(|refusal| io::Error::other(refusal.detail))??);
        }
    }
}

/// Entries of a log as frames, from one index until before another.
pub(super) fn frames(log: &Log, from: u64, to: u64) -> io::Result<Vec<Bytes>> {
    let mut frames = Vec::new();
    let to = to.min(log.size());
    let mut next = from;
    while let Some(path) = TilePath::of_entry(next, to) {
        let Some(bundle) = log.tile(&path)? else { break };
        let entries = unbundle(&bundle, path.width);
        let entries = entries.map_err(|problem| io::Error::new(io::ErrorKind::InvalidData, problem))?;
        let first = path.number.saturating_mul(WIDTH.into());
        for (index, entry) in (first..).zip(entries).skip_while(|(index, _)| *index < from) {
            frames.push(frame::event("entry", Some(&frame::id(log.id(), index)), entry));
        }
        next = first.saturating_add(path.width.into());
    }
    Ok(frames)
}

impl Stretch {
    fn gap(&self) -> Bytes {
        let id = self.log.id();
        let width = u64::from(WIDTH);
        let (first, last) = (self.from / width, self.to.saturating_sub(1) / width);
        let numbers = first..=last.min(first.saturating_add(MAX_TILES.saturating_sub(1)));
        let tiles = numbers.filter_map(|number| {
            let path = TilePath::of_entry(number.saturating_mul(width), self.to)?;
            Some(format!("/log/{id}/{path}"))
        });
        let gap = Gap {
            log: id,
            from: self.from,
            to: self.to,
            tiles: tiles.collect(),
            more_tiles: last.saturating_sub(first) >= MAX_TILES,
        };
        frame::json_event("gap", Some(&frame::id(id, self.to.saturating_sub(1))), &gap)
    }
}

#[cfg(test)]
mod tests;
