//! `Ring`: the events of the last while, each once, for all readers.

use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Most events held.
pub(super) const MAX_FRAMES: usize = 4_096;

/// Most bytes held.
const MAX_BYTES: usize = 16 << 20;

/// Most bytes given to a reader at once, unless one event alone has more.
const MAX_CHUNK: usize = 64 << 10;

/// The newest events.
#[derive(Debug)]
pub struct Ring {
    held: Mutex<Held>,
    head: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Held {
    /// Number of the first frame that is held.
    first: u64,
    frames: VecDeque<Frame>,
    bytes: usize,
    /// The newest summary, for whoever comes in between.
    status: Option<Bytes>,
    /// How far the current log is in the ring.
    published: Option<Published>,
    /// What was given last, and from where to where: most readers are at the same place.
    last: Option<(u64, u64, Bytes)>,
}

#[derive(Debug)]
struct Frame {
    bytes: Bytes,
    /// Of an entry: its index in the current log.
    entry: Option<u64>,
}

/// How far a log is in the ring: its entries below `size` were put there, or are older.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    pub(super) log: Arc<str>,
    pub(super) size: u64,
}

/// What there is after a cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Some events, and the cursor after them.
    Events(Bytes, u64),
    /// Nothing yet.
    Nothing,
    /// The ring has overtaken the cursor.
    Overtaken,
}

/// Where a reader that comes now begins.
#[derive(Debug)]
pub(super) struct Entrance {
    pub(super) cursor: u64,
    pub(super) published: Option<Published>,
    pub(super) status: Option<Bytes>,
    pub(super) head: watch::Receiver<u64>,
}

impl Default for Ring {
    fn default() -> Self {
        Self { held: Mutex::default(), head: watch::channel(0).0 }
    }
}

impl Ring {
    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        // A panic elsewhere leaves the ring as it is: every change below is whole.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts in entries of a log that follow one another, the first with this index.
    pub(super) fn entries(&self, log: &Arc<str>, first: u64, frames: Vec<Bytes>) {
        let mut held = self.held();
        let mut index = first;
        for bytes in frames {
            held.push(Frame { bytes, entry: Some(index) });
            index = index.saturating_add(1);
        }
        held.published = Some(Published { log: log.clone(), size: index });
        self.wake(held);
    }

    /// Says that a log is current from here on, and how long it is: what is older is read from the log.
    pub(super) fn begin(&self, log: &Arc<str>, size: u64) {
        let mut held = self.held();
        for frame in &mut held.frames {
            frame.entry = None;
        }
        held.published = Some(Published { log: log.clone(), size });
    }

    /// Puts in a summary.
    pub(super) fn status(&self, bytes: Bytes) {
        let mut held = self.held();
        held.status = Some(bytes.clone());
        held.push(Frame { bytes, entry: None });
        self.wake(held);
    }

    /// Puts in something that is neither.
    pub(super) fn remark(&self, bytes: Bytes) {
        let mut held = self.held();
        held.push(Frame { bytes, entry: None });
        self.wake(held);
    }

    fn wake(&self, held: std::sync::MutexGuard<'_, Held>) {
        let head = held.head();
        drop(held);
        self.head.send_replace(head);
    }

    /// Where a reader that comes now begins.
    pub(super) fn enter(&self) -> Entrance {
        let held = self.held();
        Entrance {
            cursor: held.head(),
            published: held.published.clone(),
            status: held.status.clone(),
            head: self.head.subscribe(),
        }
    }

    /// The entries from `index` on that were put in before `cursor`; None when not all of them are held.
    pub(super) fn since(&self, index: u64, cursor: u64) -> Option<Vec<Bytes>> {
        let held = self.held();
        let count = usize::try_from(cursor.checked_sub(held.first)?).ok()?;
        let entries = held.frames.iter().take(count).filter_map(|frame| Some((frame.entry?, &frame.bytes)));
        let found: Vec<(u64, &Bytes)> = entries.filter(|(entry, _)| *entry >= index).collect();
        let complete = found.first().is_some_and(|(entry, _)| *entry == index);
        complete.then(|| found.into_iter().map(|(_, bytes)| bytes.clone()).collect())
    }

    /// What there is after a cursor.
    pub(super) fn after(&self, cursor: u64) -> After {
        let mut held = self.held();
        let Some(place) = cursor.checked_sub(held.first) else { return After::Overtaken };
        let Ok(place) = usize::try_from(place) else { return After::Nothing };
        if place >= held.frames.len() {
            return After::Nothing;
        }
        if let Some((from, to, bytes)) = &held.last
            && *from == cursor
            && *to == held.head()
        {
            return After::Events(bytes.clone(), *to);
        }
        let mut taken: Vec<&Bytes> = Vec::new();
        let mut size = 0usize;
        for frame in held.frames.iter().skip(place) {
            size = size.saturating_add(frame.bytes.len());
            if !taken.is_empty() && size > MAX_CHUNK {
                break;
            }
            taken.push(&frame.bytes);
        }
        let next = cursor.saturating_add(u64::try_from(taken.len()).unwrap_or(0));
        let bytes = match taken.as_slice() {
            [one] => (*one).clone(),
            several => {
                let mut chunk = BytesMut::with_capacity(size);
                several.iter().for_each(|bytes| chunk.extend_from_slice(bytes));
                chunk.freeze()
            }
        };
        held.last = Some((cursor, next, bytes.clone()));
        After::Events(bytes, next)
    }
}

impl Held {
    fn head(&self) -> u64 {
        self.first.saturating_add(u64::try_from(self.frames.len()).unwrap_or(0))
    }

    fn push(&mut self, frame: Frame) {
        self.bytes = self.bytes.saturating_add(frame.bytes.len());
        self.frames.push_back(frame);
        while self.frames.len() > MAX_FRAMES || (self.bytes > MAX_BYTES && self.frames.len() > 1) {
            let Some(oldest) = self.frames.pop_front() else { return };
            self.bytes = self.bytes.saturating_sub(oldest.bytes.len());
            self.first = self.first.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests;
