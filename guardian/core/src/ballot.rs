//! `Ballot`: the votes on one proposal, one a guardian, the latest revision counting.

use crate::guardian_set::GuardianIndex;
use crate::message::{Decision, Envelope, RejectReason, Vote};
use crypto::spec::Slot;
use std::collections::BTreeMap;

/// Votes by guardian; at most one each, so at most n.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ballot {
    votes: BTreeMap<GuardianIndex, Counted>,
}

/// A vote that counts.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    pub(crate) vote: Vote,
    pub(crate) envelope: Envelope,
    /// Slot at which it arrived.
    pub(crate) at: Slot,
}

/// How a vote relates to what its author said before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Novelty {
    /// The first, or a later change of mind.
    New,
    /// Said before, or older than what was said since.
    Known,
    /// Contradicts a vote with the same revision, whose proof this is.
    Equivocation(Envelope),
}

impl Ballot {
    /// Compares a vote with what we have of its author. Does not count it.
    pub(crate) fn novelty(&self, from: GuardianIndex, vote: &Vote) -> Novelty {
        match self.votes.get(&from) {
            Some(Counted { vote: held, envelope, .. })
                if held.revision == vote.revision && held.decision != vote.decision =>
            {
                Novelty::Equivocation(envelope.clone())
            }
            Some(held) if held.vote.revision >= vote.revision => Novelty::Known,
            Some(_) | None => Novelty::New,
        }
    }

    /// Whether its author said something else since, as far as we heard.
    pub(crate) fn is_superseded(&self, from: GuardianIndex, vote: &Vote) -> bool {
        self.votes.get(&from).is_some_and(|held| held.vote.revision > vote.revision)
    }

    /// Counts a vote in place of the author's earlier one.
    pub(crate) fn count(&mut self, from: GuardianIndex, vote: Vote, envelope: Envelope, at: Slot) {
        self.votes.insert(from, Counted { vote, envelope, at });
    }

    /// Guardians that approve, with their proofs, by index.
    pub(crate) fn approvals(&self) -> impl Iterator<Item = (GuardianIndex, &Envelope)> {
        self.votes
            .iter()
            .filter(|(_, counted)| counted.vote.decision == Decision::Approve)
            .map(|(from, counted)| (*from, &counted.envelope))
    }

    /// How many refuse, whether from the start or by taking an approval back. Who went over to another proposal about
    /// the same validator may come back when that one is over.
    pub(crate) fn refusals(&self) -> usize {
        let refuses = |decision: Decision| match decision {
            Decision::Approve | Decision::Withdraw(RejectReason::Superseded) => false,
            Decision::Reject(_) | Decision::Withdraw(_) => true,
        };
        self.votes.values().filter(|counted| refuses(counted.vote.decision)).count()
    }

    /// All votes, by guardian.
    pub(crate) fn votes(&self) -> impl Iterator<Item = (GuardianIndex, &Counted)> {
        self.votes.iter().map(|(from, counted)| (*from, counted))
    }
}

#[cfg(test)]
mod tests;
