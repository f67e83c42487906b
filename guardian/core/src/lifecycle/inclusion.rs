//! Inclusion: the search for the block that has an exit, among the slots in which it can have come onto the chain.

use super::Step;
use crate::command::Command;
use crate::guardian::Guardian;
use crate::proposal::{ProposalId, State};
use crate::record::Record;
use crypto::exit::VoluntaryExit;
use crypto::spec::{BlsPubkey, Slot};

/// Most slots searched: the newest ones, if it can have been more.
const MAX_SLOTS: u64 = 64;

/// Slots between two searches for one exit.
const SEARCH_AGAIN: u64 = 8;

/// Most searches for one exit, counted anew after a restart; then its block stays unknown.
const MAX_SEARCHES: u32 = 5;

/// A search for one exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Search {
    proposal: ProposalId,
    exit: VoluntaryExit,
    from: Slot,
    to: Slot,
    ordered: u32,
    again: Slot,
}

impl Guardian {
    /// Orders the search for the block of a validator's exit, if it is time to.
    pub(crate) fn find_inclusion(&mut self, pubkey: &BlsPubkey, out: &mut Vec<Command>) {
        let slot = self.view.slot();
        let begun = self.lifecycles.ways.get(pubkey).and_then(|way| way.search);
        let Some(mut search) = begun.or_else(|| self.new_search(pubkey)) else { return };
        let Some(way) = self.lifecycles.ways.get_mut(pubkey).filter(|way| way.block.is_none()) else {
            return;
        };
        if search.ordered >= MAX_SEARCHES || slot < search.again {
            return;
        }
        search.ordered = search.ordered.saturating_add(1);
        search.again = slot.saturating_add(SEARCH_AGAIN);
        way.search = Some(search);
        let Search { proposal, exit, from, to, .. } = search;
        out.push(Command::FindInclusion { proposal, exit, from, to });
    }

    /// What to search for a validator whose exit the head has.
    fn new_search(&self, pubkey: &BlsPubkey) -> Option<Search> {
        let proposal = self.lifecycles.ways.get(pubkey)?.proposal?;
        let case = self.docket.get(&proposal).filter(|case| case.state == State::Included)?;
        let seen = case.included?;
        let (from, to) = match self.view.validator(pubkey).and_then(|watched| watched.left) {
            Some((Some(before), first)) => (before.saturating_add(1), first),
            // After a restart, the first head we see is later than the one that showed it.
            Some((None, first)) => (Slot(0), first.min(seen)),
            None => (Slot(0), seen),
        };
        let earliest = to.saturating_sub(MAX_SLOTS.saturating_sub(1));
        let from = if from > to { earliest } else { from.max(earliest) };
        Some(Search { proposal, exit: case.proposal.exit, from, to, ordered: 0, again: Slot(0) })
    }

    /// What a search of the blocks for an exit found.
    pub(crate) fn inclusion_found(
        &mut self,
        proposal: &ProposalId,
        slot: Option<Slot>,
        out: &mut Vec<Command>,
    ) {
        let Some(at) = slot else { return };
        let is_asked = |search: &Search| search.proposal == *proposal && search.from <= at && at <= search.to;
        let found = self
            .lifecycles
            .ways
            .iter()
            .find(|(_, way)| way.block.is_none() && way.search.as_ref().is_some_and(is_asked));
        if let Some(pubkey) = found.map(|(pubkey, _)| *pubkey) {
            self.persist(Record::Reached { pubkey, step: Step::Included, at }, out);
        }
    }
}
