//! The governor: asked at the moment of release, it may hold an exit that everybody agreed on.
//!
//! # Design decisions
//! - It counts journaled releases, not finished exits: a partial cannot be taken back, so it is spent when it is
//!   written down, even if the machine dies before it is made.
//! - One exit message counts once, however many proposals led to it: the signature is the same bytes.
//! - Correlated failure asks for more than one dark validator: a lone validator that is all we watch must not shield
//!   itself.
//! - The breaker does not hold the exits of an urgent emergency: many dark at once may be just what people ask them for,
//!   and every other bound holds them all the same.
//! - Caps by node operator and module count by the registration at the time of our release. Who is not registered has
//!   neither, and meets neither cap.
//! - The share cap asks what our own view has on duty, and what we sent away today: while it is empty after a start,
//!   one a day is allowed, no more. It is one of validators: another form of an exit adds nothing to it.
//! - Who finds that its journal lacks what it once said does not know what it released: its caps count as met for a day,
//!   after which whatever was lost counts no more.
//! - A second form of a validator's exit is held while the first is alive. If the first is still short of partials
//!   [`PATIENCE_WINDOWS`] voting windows after our release, too few others follow and it binds us no longer; without
//!   this, one liar that shows two certificates to different guardians could block an exit for ever.

use crate::command::Command;
use crate::docket::Docket;
use crate::emergency::Severity;
use crate::guardian::Guardian;
use crate::guardian_set::NetworkDefinition;
use crate::notice::Notice;
use crate::policy::Caps;
use crate::proposal::{ExitProposal, ProposalId};
use crate::record::Record;
use crate::registry::Registry;
use crate::status::Hold;
use crate::view::View;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::{Address, ModuleName};
use crypto::exit::VoluntaryExit;
use crypto::spec::{BlsPubkey, Epoch, Slot};
use std::collections::{BTreeMap, BTreeSet};

/// Epochs over which the caps of a day count: a day of mainnet.
pub const DAY_EPOCHS: u64 = 225;

/// Voting windows after which a release without a combined signature counts as stuck.
pub const PATIENCE_WINDOWS: u64 = 8;

/// One exit message we released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Release {
    /// Slot of the first release.
    at: Slot,
    /// The latest proposal that led to it.
    proposal: ProposalId,
    /// Whose exit.
    pubkey: BlsPubkey,
    /// Who registered the validator, and where, if anybody had.
    home: Option<(Address, ModuleName)>,
}

/// One exit message that was released in an epoch before: it counts against the caps as ours do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct InheritedRelease {
    /// The message.
    pub exit: VoluntaryExit,
    /// When it was released.
    pub at: Slot,
    /// Under which proposal.
    pub proposal: ProposalId,
    /// Whose exit.
    pub pubkey: BlsPubkey,
    /// Who registered the validator, and where, if anybody had.
    pub home: Option<(Address, ModuleName)>,
}

/// What we released.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    /// By exit message. An entry is dropped when it is older than a day *and* its proposal is over: forgetting must not
    /// reopen a cap.
    releases: BTreeMap<VoluntaryExit, Release>,
    /// Slot at which we last found that our journal lacks what we once said.
    lapsed: Option<Slot>,
}

impl Ledger {
    /// Counts a release; called once the docket has taken the same record.
    pub(crate) fn apply(
        &mut self,
        record: &Record,
        docket: &Docket,
        registry: &Registry,
        definition: &NetworkDefinition,
    ) {
        if let Record::Lapsed(at) = record {
            self.lapsed = self.lapsed.max(Some(*at));
        }
        if let Record::Inherited { releases, at: _ } = record {
            for InheritedRelease { exit, at, proposal, pubkey, home } in releases {
                let release = Release { at: *at, proposal: *proposal, pubkey: *pubkey, home: *home };
                self.releases.entry(*exit).or_insert(release);
            }
        }
        let Record::Released { proposal, at } = record else { return };
        let Some(case) = docket.get(proposal) else { return };
        let pubkey = case.proposal.pubkey;
        let first = Release { at: *at, proposal: *proposal, pubkey, home: registry.home(&pubkey) };
        let entry = self.releases.entry(case.proposal.exit).or_insert(first);
        entry.proposal = *proposal;
        let today = definition.chain.epoch_of(*at).saturating_sub(DAY_EPOCHS);
        self.releases.retain(|_, release| {
            definition.chain.epoch_of(release.at) > today
                || docket.get(&release.proposal).is_some_and(|case| !case.state.is_over())
        });
    }

    /// When we last found that our journal lacks what we once said.
    pub(crate) fn lapse(&self) -> Option<Slot> {
        self.lapsed
    }

    /// What the next epoch must know of.
    pub(crate) fn bequeath(&self) -> Vec<InheritedRelease> {
        let each = self.releases.iter().map(|(exit, release)| InheritedRelease {
            exit: *exit,
            at: release.at,
            proposal: release.proposal,
            pubkey: release.pubkey,
            home: release.home,
        });
        each.collect()
    }

    /// Exits released in or after an epoch.
    pub(crate) fn spent(&self, definition: &NetworkDefinition, first: Epoch) -> u64 {
        self.spent_at(definition, first, |_| true)
    }

    /// As [`Ledger::spent`], of validators registered where `home` says.
    pub(crate) fn spent_at(
        &self,
        definition: &NetworkDefinition,
        first: Epoch,
        home: impl Fn(&Option<(Address, ModuleName)>) -> bool,
    ) -> u64 {
        let counted =
            |release: &&Release| definition.chain.epoch_of(release.at) >= first && home(&release.home);
        count(self.releases.values().filter(counted))
    }

    /// Which cap is met for one more exit message of a validator registered at `home`, if one is.
    fn cap(
        &self,
        definition: &NetworkDefinition,
        view: &View,
        pubkey: &BlsPubkey,
        home: Option<(Address, ModuleName)>,
    ) -> Option<Hold> {
        let (caps, chain) = (&definition.caps, &definition.chain);
        if self.is_lapsed(definition, view.slot()) {
            return Some(Hold::CapsUnknown);
        }
        let current = chain.epoch_of(view.slot());
        let since = |first: Epoch| self.releases.values().filter(move |r| chain.epoch_of(r.at) >= first);
        if count(since(current)) >= caps.exits_per_epoch {
            return Some(Hold::EpochCap);
        }
        let today = || since(current.saturating_sub(DAY_EPOCHS.saturating_sub(1)));
        if count(today()) >= caps.exits_per_day {
            return Some(Hold::DayCap);
        }
        if let Some((operator, module)) = home {
            let of = |test: &dyn Fn(&(Address, ModuleName)) -> bool| {
                count(today().filter(|release| release.home.as_ref().is_some_and(test)))
            };
            if of(&|(other, _)| *other == operator) >= caps.exits_per_operator_per_day {
                return Some(Hold::OperatorCap);
            }
            if of(&|(_, other)| *other == module) >= caps.exits_per_module_per_day {
                return Some(Hold::ModuleCap);
            }
        }
        let is_met = self.is_share_met(view, caps, today().map(|release| release.pubkey), pubkey);
        is_met.then_some(Hold::ShareCap)
    }

    /// Whether the exits of a large enough share of the watched validators were released `today`, not counting another one
    /// of `pubkey`. Those that are not on duty any more belong to the whole of which it is a share.
    fn is_share_met(
        &self,
        view: &View,
        caps: &Caps,
        today: impl Iterator<Item = BlsPubkey>,
        pubkey: &BlsPubkey,
    ) -> bool {
        let released: BTreeSet<_> = today.collect();
        let (all, on_duty) = (count(released.iter()), view.on_duty());
        if released.contains(pubkey) || all < share_of(caps, on_duty) {
            return false;
        }
        let left = count(released.iter().filter(|key| !view.is_on_duty(key)));
        all >= share_of(caps, on_duty.saturating_add(left))
    }

    /// How many validators may leave in the day that began with an epoch by the cap on the share of the watched, and how
    /// many do.
    pub(crate) fn share(&self, definition: &NetworkDefinition, view: &View, first: Epoch) -> (u64, u64) {
        let today = self.releases.values().filter(|r| definition.chain.epoch_of(r.at) >= first);
        let released: BTreeSet<_> = today.map(|release| release.pubkey).collect();
        let left = count(released.iter().filter(|key| !view.is_on_duty(key)));
        let whole = view.on_duty().saturating_add(left);
        (share_of(&definition.caps, whole), count(released.iter()))
    }

    /// Whether we lately found that our journal lacks what we once said.
    fn is_lapsed(&self, definition: &NetworkDefinition, slot: Slot) -> bool {
        let chain = &definition.chain;
        self.lapsed.is_some_and(|at| chain.epoch_of(slot) < chain.epoch_of(at).saturating_add(DAY_EPOCHS))
    }

    fn is_bound_to_another_form(
        &self,
        definition: &NetworkDefinition,
        slot: Slot,
        docket: &Docket,
        exit: &VoluntaryExit,
    ) -> bool {
        self.releases.iter().any(|(other, release)| {
            other.validator_index == exit.validator_index
                && other != exit
                && docket
                    .get(&release.proposal)
                    .is_some_and(|case| !case.state.is_over() && !case.is_stuck(slot, patience(definition)))
        })
    }
}

impl Guardian {
    /// Why this exit must wait, if it must.
    pub(crate) fn governed(&self, proposal: &ExitProposal) -> Option<Hold> {
        self.paused()
            .or_else(|| self.blindness())
            .or_else(|| self.correlated_failure(proposal))
            .or_else(|| self.bound(proposal))
    }

    /// What of our own nodes, or of the chain they show, keeps us from releasing anything.
    pub(crate) fn blindness(&self) -> Option<Hold> {
        let (caps, view) = (&self.definition.caps, &self.view);
        let nodes = view.nodes();
        if nodes.healthy == 0 {
            return Some(Hold::NoHealthyNode);
        }
        if nodes.disagree {
            return Some(Hold::NodesDisagree);
        }
        let slot = view.slot();
        if view.head().is_none_or(|head| head.saturating_add(caps.max_head_lag) < slot) {
            return Some(Hold::NodesBehind);
        }
        let current = self.definition.chain.epoch_of(slot);
        let finalized = view.finalized().map(|checkpoint| checkpoint.epoch);
        finalized
            .is_none_or(|finalized| finalized.saturating_add(caps.max_finality_distance) < current)
            .then_some(Hold::NotFinalizing)
    }

    fn correlated_failure(&self, proposal: &ExitProposal) -> Option<Hold> {
        let emergency = self.agenda.of(proposal).map(|matter| matter.emergency().severity);
        if emergency == Some(Severity::Urgent) {
            return None;
        }
        self.is_dark().then_some(Hold::CorrelatedFailure)
    }

    /// Whether so many watched validators are dark at once that the breaker is open.
    pub(crate) fn is_dark(&self) -> bool {
        let (dark, watched) = self.view.darkness();
        let percent = self.definition.caps.max_dark_percent.into();
        dark > 1 && dark.saturating_mul(100) > watched.saturating_mul(percent)
    }

    /// What we released before that keeps us from this exit.
    fn bound(&self, proposal: &ExitProposal) -> Option<Hold> {
        let (definition, ledger, exit) = (&self.definition, &self.ledger, &proposal.exit);
        if ledger.releases.contains_key(exit) {
            return None;
        }
        if ledger.is_bound_to_another_form(definition, self.view.slot(), &self.docket, exit) {
            return Some(Hold::OtherFormReleased);
        }
        self.cap(&proposal.pubkey)
    }

    /// Which cap is met for one more exit of a validator, if one is.
    pub(crate) fn cap(&self, pubkey: &BlsPubkey) -> Option<Hold> {
        self.ledger.cap(&self.definition, &self.view, pubkey, self.protocol.registry().home(pubkey))
    }

    /// Closes the caps for a day: our journal was found to lack what we once said, so we run on an old backup and do not
    /// know what we released. Nothing more is released while they are closed, so nothing more can be lost to them then.
    pub(crate) fn lapse(&mut self, out: &mut Vec<Command>) {
        let slot = self.view.slot();
        if !self.ledger.is_lapsed(&self.definition, slot) && self.persist(Record::Lapsed(slot), out) {
            out.push(Command::Notify(Notice::JournalIsOld));
        }
    }
}

/// Slots after which a release without a combined signature counts as stuck.
pub(crate) fn patience(definition: &NetworkDefinition) -> u64 {
    definition.policy.vote_window.saturating_mul(PATIENCE_WINDOWS)
}

/// How many of so many watched validators may leave in a day; one always may.
fn share_of(caps: &Caps, watched: u64) -> u64 {
    let share = watched.saturating_mul(caps.max_share_percent_per_day.into());
    share.checked_div(100).unwrap_or(0).max(1)
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
