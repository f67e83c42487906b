//! `Auditor`: answers questions about the journal while the guardian runs, beside the core and never through it.
//!
//! # Design decisions
//! - The journal's head is taken once, at the beginning. Records before it never change, so they are read without any
//!   lock while others are appended, and what is appended meanwhile is not told.
//! - It reads on a thread for blocking work, one record at a time, and rests after each [`BATCH`]: whoever persists
//!   records comes first. One audit runs at a time, the next is told so.
//! - What it has to say waits in at most [`PIECES`] pieces. A reader that takes none for the connection's time is dropped,
//!   and after [`AUDIT_TIME`] everyone is.
//! - A backup is read here too: sealed shares and the wrapped data key, no secret in the open.
//! - Looking changes and decides nothing: it is logged with the operator's name, and not journaled.

use super::protocol::error_document;
use crate::Error;
use crate::audit::{self, Question, export};
use crate::store::{Linked, Store};
use guardian_core::JournalHead;
use serde::Serialize;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

/// Longest life of an audit.
pub(super) const AUDIT_TIME: Duration = Duration::from_secs(600);

/// Records read between two rests.
const BATCH: u64 = 256;

/// One rest.
const REST: Duration = Duration::from_millis(1);

/// Bytes after which a piece is handed on; with its last line it has more.
const PIECE: usize = 64 * 1024;

/// Pieces waiting for the reader.
const PIECES: usize = 4;

/// What is asked of the journal.
#[derive(Debug)]
pub(super) enum Inquiry {
    Question(Question),
    Export,
    /// The whole store, for a backup.
    Copy,
}

/// Whoever reads the journal for the operator.
#[derive(Clone)]
pub(super) struct Auditor {
    /// Not ours: the store closes when the node drops it.
    store: Weak<Store>,
    /// One audit at a time.
    place: Arc<Semaphore>,
}

impl Auditor {
    pub(super) fn new(store: Weak<Store>) -> Self {
        Self { store, place: Arc::new(Semaphore::new(1)) }
    }

    /// Begins an audit: lines of JSON come in pieces, until the last or until nobody takes them.
    ///
    /// # Errors
    /// Why there is none now, for people.
    pub(super) fn begin(&self, inquiry: Inquiry) -> Result<mpsc::Receiver<String>, String> {
        let place = Arc::clone(&self.place).try_acquire_owned();
        let place = place.map_err(|_| "another audit is under way; ask again when it is over".to_owned())?;
        let store = self.store.upgrade().ok_or_else(|| "the guardian is stopping".to_owned())?;
        let (pieces, received) = mpsc::channel(PIECES);
        tokio::task::spawn_blocking(move || {
            let mut pen = Pen { text: String::new(), pieces };
            if let Err(problem) = answer(&store, &inquiry, &mut pen) {
                pen.text.push_str(&error_document(&problem.to_string()));
            }
            // Whoever has gone away needs no answer.
            let _ = pen.flush();
            drop(store);
            drop(place);
        });
        Ok(received)
    }

    /// Waits for the audit under way, if there is one.
    pub(super) async fn finish(&self) {
        // Never closed.
        let _ = self.place.acquire().await;
    }
}

fn answer(store: &Store, inquiry: &Inquiry, pen: &mut Pen) -> Result<(), Error> {
    let head = store.head();
    let reader = pen.pieces.clone();
    let records = || journal(store, head, reader.clone());
    match inquiry {
        Inquiry::Question(question) => {
            audit::tell(|| Ok(records()), Some(head), question, &mut |part| pen.say(&part))
        }
        Inquiry::Export => export::tell(records(), head, &mut |part| pen.say(&part)),
        Inquiry::Copy => {
            let mut said: u64 = 0;
            store.copy(&mut |piece| {
                said += 1;
                if said.is_multiple_of(BATCH) {
                    std::thread::sleep(REST);
                }
                pen.say(&piece)
            })
        }
    }
}

/// The journal up to `head`, with rests, as long as there is a reader.
fn journal(
    store: &Store,
    head: JournalHead,
    reader: mpsc::Sender<String>,
) -> impl Iterator<Item = Result<Linked, Error>> {
    store.linked(head.length).map(move |linked| {
        let linked = linked?;
        if linked.number % BATCH == BATCH - 1 {
            if reader.is_closed() {
                return Err(gone());
            }
            std::thread::sleep(REST);
        }
        Ok(linked)
    })
}

/// Nobody reads this: it ends the work.
fn gone() -> Error {
    Error::Audit { problem: "whoever asked has gone away".to_owned() }
}

/// Writes lines into pieces.
struct Pen {
    text: String,
    pieces: mpsc::Sender<String>,
}

impl Pen {
    fn say(&mut self, part: &impl Serialize) -> Result<(), Error> {
        let line = serde_json::to_string(part)
            .map_err(|problem| Error::Audit { problem: format!("a part cannot be written: {problem}") })?;
        self.text.push_str(&line);
        self.text.push('\n');
        if self.text.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    /// Hands on what there is, when there is room.
    fn flush(&mut self) -> Result<(), Error> {
        let text = std::mem::take(&mut self.text);
        if text.is_empty() { Ok(()) } else { self.pieces.blocking_send(text).map_err(|_| gone()) }
    }
}
