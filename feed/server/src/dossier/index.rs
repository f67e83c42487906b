//! `Index`: which entries of a log tell of which proposal.

use crypto::spec::BlsPubkey;
use feed::{Entry, Fact};
use guardian_core::proposal::{ExitProposal, Origin, ProposalId};
use std::collections::{BTreeSet, HashMap};

/// Most entries that an index names: some hundred megabytes of log.
const MOST: usize = 4_000_000;

/// The index of one log.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The first entry that was not looked at.
    pub(super) next: u64,
    /// By the proposal or emergency that they name.
    about: HashMap<ProposalId, Vec<u64>>,
    /// Steps of a validator that no proposal is named with.
    of: HashMap<BlsPubkey, Vec<u64>>,
    /// Those that belong to every story.
    everywhere: Vec<u64>,
    /// Whose exit a proposal is, and which emergency asks for it.
    subjects: HashMap<ProposalId, (BlsPubkey, Option<ProposalId>)>,
    count: usize,
}

impl Index {
    /// Takes in what the next entries tell of.
    pub(super) fn take(&mut self, marks: impl IntoIterator<Item = Mark>) {
        for mark in marks {
            let index = self.next;
            self.next = self.next.saturating_add(1);
            if self.count < MOST {
                self.place(index, mark);
            }
        }
    }

    fn place(&mut self, index: u64, mark: Mark) {
        match mark {
            Mark::Everywhere => self.everywhere.push(index),
            Mark::Step(pubkey) => self.of.entry(pubkey).or_default().push(index),
            Mark::Subject(proposal, of, emergency) => {
                self.subjects.insert(proposal, (of, emergency));
                self.about.entry(proposal).or_default().push(index);
            }
            Mark::About(proposal) => self.about.entry(proposal).or_default().push(index),
            Mark::Nothing => return,
        }
        self.count = self.count.saturating_add(1);
    }

    /// The entries that may belong to the story of a proposal, ascending; None when no entry brings it.
    pub(super) fn story(&self, id: &ProposalId) -> Option<Vec<u64>> {
        let (pubkey, emergency) = self.subjects.get(id)?;
        let about = self.about.get(id).into_iter().flatten();
        let cause = emergency.and_then(|emergency| self.about.get(&emergency)).into_iter().flatten();
        let steps = self.of.get(pubkey).into_iter().flatten();
        let all: BTreeSet<u64> = about.chain(cause).chain(steps).chain(&self.everywhere).copied().collect();
        Some(all.into_iter().collect())
    }
}

/// What one entry tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Of every story.
    Everywhere,
    /// Of a validator that no proposal is named with.
    Step(BlsPubkey),
    /// It brings a proposal: whose exit it is, and which emergency asks for it.
    Subject(ProposalId, BlsPubkey, Option<ProposalId>),
    /// Of a proposal or an emergency.
    About(ProposalId),
    /// Of no exit, or it cannot be read.
    Nothing,
}

impl Mark {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let Ok(entry) = Entry::decode(bytes) else { return Self::Nothing };
        match &entry.fact {
            Fact::Definition { .. } | Fact::Key { .. } | Fact::Oversized { .. } => Self::Everywhere,
            Fact::Reached { pubkey, .. } | Fact::Spared { pubkey } => Self::Step(*pubkey),
            Fact::Proposal { proposal, content } | Fact::Adopted { proposal, content } => {
                let (pubkey, emergency) = subject(content);
                Self::Subject(*proposal, pubkey, emergency)
            }
            _ => entry.proposal().map_or(Self::Nothing, Self::About),
        }
    }
}

fn subject(content: &ExitProposal) -> (BlsPubkey, Option<ProposalId>) {
    let emergency = match content.origin {
        Origin::Emergency { emergency, .. } => Some(emergency),
        Origin::Offline { .. } | Origin::Tickets { .. } | Origin::Balance { .. } => None,
    };
    (content.pubkey, emergency)
}

#[cfg(test)]
mod tests;
