//! The governor: asked at the moment of release, it may hold an exit that everybody agreed on.
//!
//! # Design decisions
//! - It counts journaled releases, not finished exits: a partial cannot be taken back, so it is spent when it is
//!   written down, even if the machine dies before it is made.
//! - One exit message counts once, however many proposals led to it: the signature is the same bytes.
//! - Correlated failure asks for more than one dark validator: a lone validator that is all we watch must not shield
//!   itself.
//! - A second form of a validator's exit is held while the first is alive. If the first is still short of partials
//!   [`PATIENCE_WINDOWS`] voting windows after our release, too few others follow and it binds us no longer; without
//!   this, one liar that shows two certificates to different guardians could block an exit for ever.

use crate::docket::Docket;
use crate::guardian_set::NetworkDefinition;
use crate::proposal::ProposalId;
use crate::record::Record;
use crate::status::Hold;
use crate::view::View;
use crypto::exit::VoluntaryExit;
use crypto::spec::{Epoch, Slot};
use std::collections::BTreeMap;

/// Epochs over which `caps.exits_per_day` counts: a day of mainnet.
pub const DAY_EPOCHS: u64 = 225;

/// Voting windows after which a release without a combined signature counts as stuck.
pub const PATIENCE_WINDOWS: u64 = 8;

/// What we released.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    /// By exit message, with the slot of the first release and the latest proposal. An entry is dropped when it is
    /// older than a day *and* its proposal is over: forgetting must not reopen a cap.
    releases: BTreeMap<VoluntaryExit, (Slot, ProposalId)>,
}

impl Ledger {
    /// Counts a release; called once the docket has taken the same record.
    pub(crate) fn apply(&mut self, record: &Record, docket: &Docket, definition: &NetworkDefinition) {
        let Record::Released { proposal, at } = record else { return };
        let Some(case) = docket.get(proposal) else { return };
        let entry = self.releases.entry(case.proposal.exit).or_insert((*at, *proposal));
        entry.1 = *proposal;
        let today = definition.chain.epoch_of(*at).saturating_sub(DAY_EPOCHS);
        self.releases.retain(|_, (released, id)| {
            definition.chain.epoch_of(*released) > today
                || docket.get(id).is_some_and(|case| !case.state.is_over())
        });
    }

    /// Exits released in or after an epoch.
    pub(crate) fn spent(&self, definition: &NetworkDefinition, first: Epoch) -> u64 {
        let counted = |slot: &Slot| definition.chain.epoch_of(*slot) >= first;
        u64::try_from(self.releases.values().filter(|(slot, _)| counted(slot)).count()).unwrap_or(u64::MAX)
    }
    pub(crate) fn spent_of_operator(
        &self,
        _d: &NetworkDefinition,
        _f: Epoch,
        _o: &crypto::execution::Address,
    ) -> u64 {
        0
    }
    pub(crate) fn spent_of_module(
        &self,
        _d: &NetworkDefinition,
        _f: Epoch,
        _o: &crypto::execution::ModuleName,
    ) -> u64 {
        0
    }

    /// Why this exit must wait, if it must.
    pub(crate) fn hold(
        &self,
        definition: &NetworkDefinition,
        view: &View,
        docket: &Docket,
        exit: &VoluntaryExit,
    ) -> Option<Hold> {
        let caps = &definition.caps;
        let nodes = view.nodes();
        if nodes.healthy == 0 {
            return Some(Hold::NoHealthyNode);
        }
        if nodes.disagree {
            return Some(Hold::NodesDisagree);
        }
        let current = definition.chain.epoch_of(view.slot());
        let finalized = view.finalized().map(|checkpoint| checkpoint.epoch);
        if finalized.is_none_or(|finalized| finalized.saturating_add(caps.max_finality_distance) < current) {
            return Some(Hold::NotFinalizing);
        }
        let (dark, watched) = view.darkness();
        if dark > 1 && dark.saturating_mul(100) > watched.saturating_mul(caps.max_dark_percent.into()) {
            return Some(Hold::CorrelatedFailure);
        }
        if self.releases.contains_key(exit) {
            return None;
        }
        if self.is_bound_to_another_form(definition, view.slot(), docket, exit) {
            return Some(Hold::OtherFormReleased);
        }
        let since = |first: Epoch| {
            let counted = |slot: &Slot| definition.chain.epoch_of(*slot) >= first;
            u64::try_from(self.releases.values().filter(|(slot, _)| counted(slot)).count())
                .unwrap_or(u64::MAX)
        };
        if since(current) >= caps.exits_per_epoch {
            return Some(Hold::EpochCap);
        }
        if since(current.saturating_sub(DAY_EPOCHS.saturating_sub(1))) >= caps.exits_per_day {
            return Some(Hold::DayCap);
        }
        None
    }

    fn is_bound_to_another_form(
        &self,
        definition: &NetworkDefinition,
        slot: Slot,
        docket: &Docket,
        exit: &VoluntaryExit,
    ) -> bool {
        self.releases.iter().any(|(other, (_, id))| {
            other.validator_index == exit.validator_index
                && other != exit
                && docket
                    .get(id)
                    .is_some_and(|case| !case.state.is_over() && !case.is_stuck(slot, patience(definition)))
        })
    }
}

/// Slots after which a release without a combined signature counts as stuck.
pub(crate) fn patience(definition: &NetworkDefinition) -> u64 {
    definition.policy.vote_window.saturating_mul(PATIENCE_WINDOWS)
}

#[cfg(test)]
mod tests;
