//! The witness: what another guardian offers of its log is checked against what we cosigned of it before, written down, and
//! only then cosigned.

use super::question::{Answer, Offer};
use super::{Offered, shelf};
use crate::node::{Arrival, Directory};
use crate::{Error, file};
use chain_watcher::SlotClock;
use chain_watcher::slot_clock::unix_now;
use feed::witness::{Judgement, Seen, judge};
use feed::{Checkpoint, FeedKey, KeyBinding, Keys, cosign, note, verify_note};
use guardian_core::Event;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::logs::{LogHead, LogRoot};
use p2p::Network;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tracing::warn;

/// Slots that another guardian's clock may be ahead of ours.
const MAX_AHEAD: u64 = 32;

/// Least time between a cosignature for one guardian and the next: each costs two syncs of the disk.
const PAUSE: Duration = Duration::from_millis(250);

/// Most bytes of a note that we keep.
const MAX_KEPT: u64 = 4_096;

/// Everything that witnessing takes. Nothing in it changes.
pub(crate) struct Desk {
    pub(crate) definition: NetworkDefinition,
    pub(crate) directory: Directory,
    pub(crate) key: Arc<FeedKey>,
    pub(crate) binding: KeyBinding,
    /// The epoch's home.
    pub(crate) home: PathBuf,
    pub(crate) inbox: mpsc::Sender<Arrival>,
    /// Where bindings go that we come to know.
    pub(crate) learned: mpsc::Sender<(GuardianIndex, KeyBinding)>,
}

/// Answers offers, one after the other, until there are no more.
pub(crate) async fn run(desk: Desk, network: Network, mut offers: mpsc::Receiver<Offered>) {
    let desk = Arc::new(desk);
    let mut heard: BTreeMap<GuardianIndex, Instant> = BTreeMap::new();
    while let Some(Offered { from, request, token }) = offers.recv().await {
        let answer = match desk.directory.index(&from) {
            Some(guardian) => {
                // One that asks without end must not keep the others waiting for the disk.
                let is_early = heard.get(&guardian).is_some_and(|last| last.elapsed() < PAUSE);
                let desk = Arc::clone(&desk);
                let judged = tokio::task::spawn_blocking(move || desk.answer(guardian, &request, is_early));
                let answer = judged.await.unwrap_or_else(|_| Vec::new());
                if !is_early && matches!(Answer::decode(&answer), Some(Answer::Cosigned { .. })) {
                    heard.insert(guardian, Instant::now());
                }
                answer
            }
            None => Vec::new(),
        };
        // What is too late or too much is asked again.
        let _ = network.answer(token, answer);
    }
}

impl Desk {
    /// The bytes of the answer; none for what is no offer. `is_early`: it cosigned for this guardian a moment ago.
    fn answer(&self, from: GuardianIndex, request: &[u8], is_early: bool) -> Vec<u8> {
        let Some(offer) = Offer::decode(request) else { return Vec::new() };
        let refused = |code: &str| Answer::Refused { code: code.to_owned(), kept: None };
        if is_early {
            return refused("busy").encode();
        }
        let binding = KeyBinding(offer.binding.clone());
        let answer = match binding.open(&self.definition, from) {
            Err(_) => refused("foreign_key"),
            Ok(key) => {
                let keys =
                    Keys { network: self.definition.id(), logs: BTreeMap::from([(from, key)]), group: None };
                match verify_note(&offer.note, &keys) {
                    Ok(verified) if verified.checkpoint.origin.guardian == from => {
                        // A full queue means that it is asked again and learned then.
                        let _ = self.learned.try_send((from, binding));
                        self.judge(from, &offer, &verified.checkpoint).unwrap_or_else(|problem| {
                            warn!(guardian = from.0, %problem, "a public log cannot be witnessed");
                            refused("storage")
                        })
                    }
                    Ok(_) | Err(_) => refused("invalid_note"),
                }
            }
        };
        answer.encode()
    }

    fn judge(&self, from: GuardianIndex, offer: &Offer, checkpoint: &Checkpoint) -> Result<Answer, Error> {
        let path = witnessed(&self.home, from);
        let kept = kept(&path)?;
        let refused = |code: &str| Answer::Refused {
            code: code.to_owned(),
            kept: kept.as_ref().map(|(note, _)| note.clone()),
        };
        // A life is a slot that was: a later one would lock out every honest log of this guardian.
        let now = SlotClock::of(&self.definition.chain).slot_at(unix_now()).unwrap_or_default();
        if checkpoint.origin.life > now.saturating_add(MAX_AHEAD) {
            return Ok(refused("future_life"));
        }
        let seen = kept.as_ref().map(|(_, seen)| seen);
        match judge(seen, checkpoint, offer.old_size, &offer.proof) {
            Judgement::Cosign => {
                // Written before it is said: after a restart we do not vouch for another history.
                if seen.is_none_or(|seen| *seen != seen_of(checkpoint)) {
                    file::replace(&path, &offer.note, file::Access::Public)?;
                }
                self.tell(Event::LogChecked(head(checkpoint)));
                let line = cosign(checkpoint, &self.key, self.directory.me(), unix_now().as_secs());
                Ok(Answer::Cosigned { line, binding: self.binding.0.clone() })
            }
            Judgement::Conflict { .. } => Ok(refused("conflict")),
            Judgement::Forked => {
                let answer = refused("forked");
                if let Some((first, _)) = kept {
                    warn!(guardian = from.0, "two histories of one public log: both are kept as evidence");
                    self.tell(Event::LogForked { guardian: from, notes: [first, offer.note.clone()] });
                }
                Ok(answer)
            }
            Judgement::Refuse(code) => Ok(refused(code)),
        }
    }

    /// A full inbox hears of it with the next offer.
    fn tell(&self, event: Event) {
        let _ = self.inbox.try_send(event.into());
    }
}

/// A checkpoint as the core knows it.
pub(super) fn head(checkpoint: &Checkpoint) -> LogHead {
    let Checkpoint { origin, size, root } = checkpoint;
    LogHead { guardian: origin.guardian, life: origin.life, size: *size, root: LogRoot(*root) }
}

fn seen_of(checkpoint: &Checkpoint) -> Seen {
    Seen { life: checkpoint.origin.life, size: checkpoint.size, root: checkpoint.root }
}

fn witnessed(home: &Path, guardian: GuardianIndex) -> PathBuf {
    shelf::home(home).join("witnessed").join(guardian.0.to_string())
}

/// The last note that we cosigned, and what it says. A file that cannot be read is no reason to begin anew.
fn kept(path: &Path) -> Result<Option<(Vec<u8>, Seen)>, Error> {
    if !path.exists() {
        if let Some(directory) = path.parent() {
            file::create_directory(directory)?;
        }
        return Ok(None);
    }
    let bytes = file::read(path, "witnessed checkpoint", MAX_KEPT)?;
    let damaged = |problem: feed::Error| Error::Document {
        path: path.to_owned(),
        line: None,
        problem: format!(
            "is no checkpoint ({problem}); restore it from a backup: without it two histories could be cosigned"
        ),
    };
    let checkpoint = note::peek(&bytes).map_err(damaged)?;
    Ok(Some((bytes.to_vec(), seen_of(&checkpoint))))
}

#[cfg(test)]
pub(super) mod tests;
