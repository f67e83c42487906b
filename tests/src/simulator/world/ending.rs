//! When a story is over, and what must hold then.

use super::super::chain::Fate;
use super::World;
use crypto::execution::NodeInfo;
use crypto::spec::ValidatorIndex;
use guardian_core::Guardian;

impl World {
    /// Whether every validator that went dark for good, and every one whose operator is out of tickets for longer than
    /// the grace period, has left, finalized, and every honest guardian knows; not before the story is ripe.
    pub fn all_due_are_gone(&self) -> bool {
        self.chain.slot() >= self.story.ripe && self.all_short_are_gone() && self.all_dark_are_gone()
    }

    fn all_short_are_gone(&self) -> bool {
        (0..).zip(&self.story.purses).all(|(place, purse)| {
            let truth = self.contracts.truth(place);
            let is_gone = |index: &usize| {
                u64::try_from(*index).is_ok_and(|index| self.chain.is_finalized_exit(ValidatorIndex(index)))
            };
            truth.short_since.is_none() || purse.validators.iter().all(is_gone)
        })
    }

    /// Whether every validator that went dark for good has left, finalized, and every honest guardian knows.
    pub fn all_dark_are_gone(&self) -> bool {
        let indexed = (0..).map(ValidatorIndex).zip(self.chain.members());
        let gone = indexed
            .filter(|(_, member)| matches!(member.fate, Fate::Dark { .. }))
            .all(|(index, _)| self.chain.is_finalized_exit(index));
        gone && self.honest().all(|node| {
            node.status().is_none_or(|status| {
                let is_about_gone = |index| self.chain.is_finalized_exit(index);
                status
                    .proposals
                    .iter()
                    .all(|p| p.state.is_over() || !is_about_gone(p.proposal.exit.validator_index))
            })
        })
    }

    /// Whether these validators have left, finalized.
    pub fn have_left(&self, places: impl IntoIterator<Item = u64>) -> bool {
        places.into_iter().all(|place| self.chain.is_finalized_exit(ValidatorIndex(place)))
    }

    /// Places of the validators whose exits the chain has.
    pub fn left(&self) -> Vec<usize> {
        let members = self.chain.members().iter().enumerate();
        members.filter(|(_, member)| member.exited_at.is_some()).map(|(place, _)| place).collect()
    }

    /// Panics unless every running honest guardian is what its journal says it is.
    pub fn check_journals(&self) {
        for node in self.honest() {
            let Some(alive) = node.guardian() else { continue };
            let story_of = |guardian: &Guardian| {
                let status = guardian.status();
                let lasting = status
                    .proposals
                    .into_iter()
                    .map(|p| (p.id, p.state, p.votes, p.certified, p.released, p.partials, p.combined));
                let emergencies = status
                    .emergencies
                    .into_iter()
                    .map(|e| (e.id, e.state, e.votes, e.own, e.note, e.certified, e.exits));
                (lasting.collect::<Vec<_>>(), emergencies.collect::<Vec<_>>(), status.pauses)
            };
            let restored = node.restored(&self.story);
            assert_eq!(story_of(alive), story_of(&restored), "{:?} is not its journal", node.index());
        }
    }

    /// How many running honest guardians show every operator's account as the contracts have it at the last block they
    /// scanned. Panics at one that shows another.
    pub fn check_accounts(&self) -> usize {
        let running = self.honest().filter(|node| node.guardian().is_some());
        let checked = running.filter(|node| {
            let Some(status) = node.guardian().map(Guardian::status) else { return false };
            let Some(block) = status.execution.as_ref().and_then(|execution| execution.scanned) else {
                return false;
            };
            if status.execution.is_some_and(|execution| execution.state != Some(block)) {
                return false;
            }
            let shown = status.operators.iter().map(|operator| {
                let (active, pending, tickets) = (operator.active, operator.pending, operator.deposited);
                (operator.operator, NodeInfo { active, pending, tickets })
            });
            let state = self.contracts.state(block.number.0, &self.story);
            assert_eq!(shown.collect::<Vec<_>>(), state.operators, "{:?}", node.index());
            true
        });
        checked.count()
    }
}
