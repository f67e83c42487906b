//! `Testimony`: what one honest guardian's journal says so far, each record checked against those before it.

use super::super::sealing::vote;
use super::super::story::Story;
use crypto::exit::VoluntaryExit;
use crypto::spec::{Epoch, Slot};
use guardian_core::emergency::{Emergency, Severity};
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::{Decision, Envelope, Vote};
use guardian_core::pause::Wish;
use guardian_core::proposal::{ExitProposal, Origin, ProposalId};
use guardian_core::record::Record;
use guardian_core::request::Request;
use std::collections::{BTreeMap, BTreeSet};

/// One release.
#[derive(Debug, Clone, Copy)]
pub(super) struct Release {
    pub(super) proposal: ProposalId,
    pub(super) exit: VoluntaryExit,
    pub(super) epoch: Epoch,
    pub(super) slot: Slot,
}

/// One journal.
#[derive(Debug, Default)]
pub(super) struct Testimony {
    pub(super) proposals: BTreeMap<ProposalId, ExitProposal>,
    pub(super) certified: BTreeSet<ProposalId>,
    pub(super) combined: BTreeSet<ProposalId>,
    pub(super) released: Vec<Release>,
    /// On proposals and emergencies.
    pub(super) votes: BTreeMap<(ProposalId, u32), Decision>,
    emergencies: BTreeMap<ProposalId, Emergency>,
    /// Slot at which it came to know each.
    since: BTreeMap<ProposalId, Slot>,
    /// The latest vote it heard of each guardian.
    heard: BTreeMap<(ProposalId, GuardianIndex), Vote>,
    /// Emergencies with t approvals.
    pub(super) endorsed: BTreeSet<ProposalId>,
    pub(super) cancelled: BTreeSet<ProposalId>,
    /// Whether its operator paused it.
    is_halted: bool,
    /// Its own latest wish.
    pub(super) wish: Option<Wish>,
    /// Whom else it heard, and whether they wish the network paused.
    wishes: BTreeMap<GuardianIndex, bool>,
}

impl Testimony {
    pub(super) fn reads(&mut self, story: &Story, guardian: GuardianIndex, record: &Record) {
        match record {
            Record::Proposed { proposal, .. } => {
                self.proposals.insert(proposal.id(), proposal.clone());
            }
            Record::VoteCast(vote) => self.casts(guardian, vote),
            Record::Certified { proposal, .. } => {
                self.certified.insert(*proposal);
            }
            Record::Released { proposal, at } => self.releases(story, guardian, proposal, *at),
            Record::PartialHeld { partial, .. } => {
                assert!(
                    self.certified.contains(&partial.proposal),
                    "{guardian:?} holds a partial, no certificate"
                );
            }
            Record::Combined { proposal, .. } => {
                self.combined.insert(*proposal);
            }
            Record::Asked { request: Request::Pause { .. }, .. } => self.is_halted = true,
            Record::Asked { request: Request::Resume { .. }, .. } => self.is_halted = false,
            Record::WishCast { wish, .. } => {
                let is_later = self.wish.is_none_or(|earlier| earlier.revision < wish.revision);
                assert!(is_later, "{guardian:?} wishes one revision twice");
                self.wish = Some(*wish);
            }
            Record::WishSeen { from, wish, .. } => {
                self.wishes.insert(*from, wish.paused);
            }
            Record::VoteSeen { from, vote, .. } => {
                self.heard.insert((vote.proposal, *from), vote.clone());
            }
            Record::Raised { raised, at } => {
                self.since.insert(raised.emergency.id(), *at);
                self.emergencies.insert(raised.emergency.id(), raised.emergency.clone());
            }
            Record::EmergencyCertified { emergency, approvals, at } => {
                let standing = approvals.iter().filter(|approval| !self.heard_withdrawal(approval)).count();
                let is_met = story.definition.guardian_set.threshold.met_by(standing);
                assert!(is_met, "{guardian:?} certifies by {standing} approvals that stand");
                assert!(!self.cancelled.contains(emergency), "{guardian:?} certifies what was taken back");
                self.check_time(story, guardian, emergency, *at);
                self.endorsed.insert(*emergency);
            }
            Record::Cancelled { cancellation, .. } => {
                let id = cancellation.emergency;
                assert!(!self.endorsed.contains(&id), "{guardian:?} takes back what is certified");
                self.cancelled.insert(id);
            }
            Record::Adopted { proposal, at } => self.adopts(story, guardian, proposal, *at),
            Record::Lapsed(_) => panic!("{guardian:?} doubts a journal that lacks nothing"),
            Record::Liveness(_)
            | Record::Finalized(_)
            | Record::Submitted { .. }
            | Record::Moved { .. }
            | Record::Faulted { .. }
            | Record::NotFinalizing(_)
            | Record::Scanned(_)
            | Record::Asked { .. }
            | Record::EmergencyMoved { .. }
            | Record::Observed { .. }
            | Record::Held { .. }
            | Record::Reached { .. }
            | Record::Spared { .. }
            | Record::Preceded { .. }
            | Record::Opened { .. }
            | Record::Ceremony { .. }
            | Record::Inherited { .. }
            | Record::GroupSigned { .. } => {}
        }
    }

    fn casts(&mut self, guardian: GuardianIndex, vote: &Vote) {
        let earlier = self.votes.insert((vote.proposal, vote.revision), vote.decision);
        assert_eq!(earlier, None, "{guardian:?} casts one revision twice");
    }

    fn adopts(&mut self, story: &Story, guardian: GuardianIndex, exit: &ExitProposal, at: Slot) {
        let Origin::Emergency { emergency: id, .. } = exit.origin else {
            panic!("{guardian:?} adopts an exit of no emergency")
        };
        assert!(self.endorsed.contains(&id), "{guardian:?} adopts an exit without a certificate");
        self.check_time(story, guardian, &id, at);
        let emergency = &self.emergencies[&id];
        let names_it = emergency.validators.contains(&exit.exit.validator_index);
        assert!(names_it, "{guardian:?} adopts the exit of a validator that nobody named");
        assert_eq!(exit.exit.epoch, story.definition.chain.epoch_of(emergency.opened));
        self.certified.insert(exit.id());
        self.proposals.insert(exit.id(), exit.clone());
    }

    fn releases(&mut self, story: &Story, guardian: GuardianIndex, id: &ProposalId, at: Slot) {
        assert!(self.certified.contains(id), "{guardian:?} releases without a certificate");
        assert!(!self.is_paused(story, guardian), "{guardian:?} releases while it is paused");
        self.check_will(story, guardian, id, Some(at));
        let exit = self.proposals[id].exit;
        let epoch = story.definition.chain.epoch_of(at);
        self.check_forms(story, guardian, &exit, at);
        self.released.push(Release { proposal: *id, exit, epoch, slot: at });
        self.check_caps(story, guardian, epoch);
    }

    /// For an exit that people ask for: certified, in its time, and willed by this guardian's own operator now.
    pub(super) fn check_will(
        &self,
        story: &Story,
        guardian: GuardianIndex,
        id: &ProposalId,
        at: Option<Slot>,
    ) {
        let Origin::Emergency { emergency, .. } = self.proposals[id].origin else { return };
        assert!(
            self.endorsed.contains(&emergency),
            "{guardian:?} releases without an emergency's certificate"
        );
        assert!(!self.cancelled.contains(&emergency), "{guardian:?} releases what was taken back");
        assert!(self.approves(&emergency), "{guardian:?} releases what its operator does not approve");
        if let Some(at) = at {
            self.check_time(story, guardian, &emergency, at);
        }
    }

    fn check_time(&self, story: &Story, guardian: GuardianIndex, id: &ProposalId, at: Slot) {
        let emergency = &self.emergencies[id];
        let rules = &story.definition.emergency;
        let known_for = match emergency.severity {
            Severity::Urgent => 0,
            Severity::Normal => rules.cancel_window,
        };
        let from = emergency.certifiable_from(rules).max(self.since[id].saturating_add(known_for));
        let is_timely = from <= at && at < emergency.expires;
        assert!(is_timely, "{guardian:?} acts at {at}, but {from} to {} is the time", emergency.expires);
    }

    /// Whether it heard that the author of an approval thought better of it.
    fn heard_withdrawal(&self, (author, sealed): &(GuardianIndex, Envelope)) -> bool {
        let Some((_, approval)) = vote(sealed) else { return true };
        let heard = self.heard.get(&(approval.proposal, *author));
        heard.is_some_and(|later| later.revision > approval.revision && later.decision != Decision::Approve)
    }

    /// What people ask for is said and posted only while its operator stands behind it.
    pub(super) fn check_stand(&self, guardian: GuardianIndex, id: &ProposalId) {
        if let Origin::Emergency { emergency, .. } = self.proposals[id].origin {
            assert!(self.approves(&emergency), "{guardian:?} says what its operator took back");
        }
    }

    /// Whether its operator's latest word is an approval.
    fn approves(&self, id: &ProposalId) -> bool {
        let latest = self.votes.range((*id, 0)..=(*id, u32::MAX)).next_back();
        latest.is_some_and(|(_, decision)| *decision == Decision::Approve)
    }

    pub(super) fn ever_approved(&self, id: &ProposalId) -> bool {
        self.votes.range((*id, 0)..=(*id, u32::MAX)).any(|(_, decision)| *decision == Decision::Approve)
    }

    /// The emergencies under which it released this exit.
    pub(super) fn willed(&self, exit: &VoluntaryExit) -> impl Iterator<Item = ProposalId> {
        let releases = self.released.iter().filter(move |release| release.exit == *exit);
        releases.filter_map(|release| match self.proposals[&release.proposal].origin {
            Origin::Emergency { emergency, .. } => Some(emergency),
            Origin::Offline { .. } | Origin::Tickets { .. } | Origin::Balance { .. } => None,
        })
    }

    pub(super) fn is_paused(&self, story: &Story, guardian: GuardianIndex) -> bool {
        let own = self.wish.is_some_and(|wish| wish.paused);
        let others = self.wishes.iter().filter(|(from, paused)| **from != guardian && **paused);
        let wishes = others.count() + usize::from(own);
        self.is_halted || own || story.definition.guardian_set.threshold.met_by(wishes)
    }

    pub(super) fn has_cancelled(&self, label: &str) -> bool {
        self.cancelled.iter().any(|id| self.emergencies[id].reason == label)
    }

    pub(super) fn has_endorsed(&self, label: &str) -> bool {
        self.endorsed.iter().any(|id| self.emergencies[id].reason == label)
    }
}
