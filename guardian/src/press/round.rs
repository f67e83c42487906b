//! One round: a checkpoint is offered to all other guardians at once, and their cosignatures are gathered.

use super::keys::Bindings;
use super::question::{Answer, Offer};
use crate::node::Directory;
use feed::tree::prove_consistency;
use feed::{Checkpoint, KeyBinding, verify_note, with_lines};
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
    /// Whether somebody witnessed more of this log than there is: it lacks what it once told.
    pub(super) is_behind: bool,
}

/// One guardian's answer.
enum Said {
    Line(String, KeyBinding),
    Behind,
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
            is_behind: false,
        };
        for (guardian, said) in others.into_iter().zip(said) {
            match said {
                Said::Line(line, binding) => {
                    if let Some(note) = self.with(guardian, &outcome.note, line, &binding) {
                        outcome.note = note;
                        outcome.cosigned.insert(guardian, binding);
                    }
                }
                Said::Behind => outcome.is_behind = true,
                Said::Nothing => {}
            }
        }
        outcome
    }

    async fn ask(&self, guardian: GuardianIndex) -> Said {
        let Some(peer) = self.directory.peer(guardian) else { return Said::Nothing };
        let mut old_size = self.sizes.get(&guardian).copied().unwrap_or(0).min(self.checkpoint.size);
        // Twice: it may remember another size than we thought.
        for _ in 0..2 {
            let Ok(proof) = prove_consistency(old_size, self.checkpoint.size, &self.log) else { break };
            let offer =
                Offer { note: self.note.clone(), binding: self.binding.0.clone(), old_size, proof };
            let answer = match self.network.ask(peer, offer.encode()).await {
                Ok(answer) => answer,
                Err(problem) => {
                    debug!(guardian = guardian.0, %problem, "no cosignature");
                    break;
                }
            };
            match Answer::decode(&answer) {
                Some(Answer::Cosigned { line, binding }) => return Said::Line(line, KeyBinding(binding)),
                Some(Answer::Conflict(size)) if size > self.checkpoint.size => return Said::Behind,
                Some(Answer::Conflict(size)) => old_size = size,
                Some(Answer::Refused(code)) => {
                    let code: String = code.chars().take(32).collect();
                    warn!(guardian = guardian.0, code, "our public log was not cosigned");
                    break;
                }
                None => break,
            }
        }
        Said::Nothing
    }

    /// The note with one more line, if the line is this guardian's cosignature and holds.
    fn with(
        &self,
        guardian: GuardianIndex,
        note: &[u8],
        line: String,
        binding: &KeyBinding,
    ) -> Option<Vec<u8>> {
        let mut known = Bindings::default();
        let holds = known.learn(&self.definition, self.directory.me(), self.binding.clone())
            && known.learn(&self.definition, guardian, binding.clone());
        // One line and no more: a note inside a line would be another's signature.
        if !holds || line.lines().count() != 1 {
            return None;
        }
        let candidate = with_lines(note, &[line]).ok()?;
        let verified = verify_note(&candidate, &known.keys(self.definition.id())).ok()?;
        verified.cosigned.iter().any(|(witness, _)| *witness == guardian).then_some(candidate)
    }
}
