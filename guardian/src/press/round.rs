//! One round: a checkpoint is offered to all other guardians at once, and their cosignatures are gathered.

use super::question::{Answer, Offer};
use crate::node::Directory;
use crypto::spec::Slot;
use feed::tree::prove_consistency;
use feed::{Checkpoint, KeyBinding, Keys, verify_note, with_lines};
use feed_server::log::Log;
use futures::future::join_all;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use p2p::Network;
use std::collections::BTreeMap;
use tracing::{debug, warn};

/// What a round begins with.
pub(super) struct Round {
    pub(super) definition: NetworkDefinition,
    pub(super) directory: Directory,
    pub(super) network: Network,
    pub(super) log: Log,
    pub(super) checkpoint: Checkpoint,
    /// Signed by the log.
    pub(super) note: Vec<u8>,
    pub(super) binding: KeyBinding,
    /// The size that each guardian cosigned last.
    pub(super) sizes: BTreeMap<GuardianIndex, u64>,
}

/// What came of it.
pub(super) struct Outcome {
    pub(super) checkpoint: Checkpoint,
    /// With every cosignature that holds.
    pub(super) note: Vec<u8>,
    /// Who cosigned, and with which binding.
    pub(super) cosigned: BTreeMap<GuardianIndex, KeyBinding>,
    /// How many of the others said anything.
    pub(super) answered: usize,
    /// The life of a log that we once signed and that this one does not extend: it lacks what it once told.
    pub(super) behind: Option<Slot>,
}

/// One guardian's answer.
enum Said {
    Line(String, KeyBinding),
    Behind(Slot),
    No,
    Nothing,
}

impl Round {
    /// Offers, and waits for all answers or for the channel's patience.
    pub(super) async fn hold(self) -> Outcome {
        let others = self.definition.guardian_set.members.iter().map(|member| member.index);
        let others: Vec<_> = others.filter(|index| *index != self.directory.me()).collect();
        let said = join_all(others.iter().map(|guardian| self.ask(*guardian))).await;
        let mut outcome = Outcome {
            checkpoint: self.checkpoint,
            note: self.note.clone(),
            cosigned: BTreeMap::new(),
            answered: 0,
            behind: None,
        };
        for (guardian, said) in others.into_iter().zip(said) {
            if !matches!(said, Said::Nothing) {
                outcome.answered += 1;
            }
            match said {
                Said::Line(line, binding) => {
                    if let Some(note) = self.with(guardian, &outcome.note, line, &binding) {
                        outcome.note = note;
                        outcome.cosigned.insert(guardian, binding);
                    }
                }
                Said::Behind(life) => outcome.behind = outcome.behind.max(Some(life)),
                Said::No | Said::Nothing => {}
            }
        }
        outcome
    }

    async fn ask(&self, guardian: GuardianIndex) -> Said {
        let Some(peer) = self.directory.peer(guardian) else { return Said::Nothing };
        let mut old_size = self.sizes.get(&guardian).copied().unwrap_or(0).min(self.checkpoint.size);
        // Twice: it may remember another size than we thought.
        for _ in 0..2 {
            let (log, size) = (self.log.clone(), self.checkpoint.size);
            // Tiles are read from a disk.
            let proving = tokio::task::spawn_blocking(move || prove_consistency(old_size, size, &log));
            let Ok(Ok(proof)) = proving.await else { break };
            let offer = Offer { note: self.note.clone(), binding: self.binding.0.clone(), old_size, proof };
            let answer = match self.network.ask(peer, offer.encode()).await {
                Ok(answer) => answer,
                Err(problem) => {
                    debug!(guardian = guardian.0, %problem, "no cosignature");
                    break;
                }
            };
            match Answer::decode(&answer) {
                Some(Answer::Cosigned { line, binding }) => return Said::Line(line, KeyBinding(binding)),
                Some(Answer::Refused { code, kept }) => {
                    let kept = kept.and_then(|note| self.signed_by_us(&note));
                    if let Some(kept) = &kept
                        && self.lacks(kept)
                    {
                        return Said::Behind(kept.origin.life);
                    }
                    match kept {
                        Some(kept) if code == "conflict" => old_size = kept.size,
                        None if code == "conflict" => old_size = 0,
                        Some(_) | None if code == "busy" => return Said::No,
                        Some(_) | None => {
                            let code: String = code.chars().take(32).collect();
                            warn!(guardian = guardian.0, code, "our public log was not cosigned");
                            return Said::No;
                        }
                    }
                }
                None => break,
            }
        }
        Said::Nothing
    }

    /// What a note that we once signed says; None for any other.
    fn signed_by_us(&self, note: &[u8]) -> Option<Checkpoint> {
        let ours = [(self.directory.me(), &self.binding)];
        let keys = Keys::bound(&self.definition, ours, None).ok()?;
        let verified = verify_note(note, &keys).ok()?;
        (verified.checkpoint.origin.guardian == self.directory.me()).then_some(verified.checkpoint)
    }

    /// Whether our log, as it is, does not extend what we once signed.
    fn lacks(&self, signed: &Checkpoint) -> bool {
        let life = self.checkpoint.origin.life;
        if signed.origin.life != life {
            return signed.origin.life > life;
        }
        signed.size > self.checkpoint.size
            || feed::tree::root(signed.size, &self.log).is_ok_and(|root| root != signed.root)
    }

    /// The note with one more line, if the line is this guardian's cosignature and holds.
    fn with(
        &self,
        guardian: GuardianIndex,
        note: &[u8],
        line: String,
        binding: &KeyBinding,
    ) -> Option<Vec<u8>> {
        // One line and no more: a note inside a line would be another's signature.
        if line.lines().count() != 1 {
            return None;
        }
        let both = [(self.directory.me(), &self.binding), (guardian, binding)];
        let keys = Keys::bound(&self.definition, both, None).ok()?;
        let candidate = with_lines(note, &[line]).ok()?;
        let verified = verify_note(&candidate, &keys).ok()?;
        verified.cosigned.iter().any(|(witness, _)| *witness == guardian).then_some(candidate)
    }
}
