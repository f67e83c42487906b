//! `Witness`: sees every command of every honest guardian and every block, and panics at the first broken promise.

use super::chain::{Fate, VirtualChain};
use super::contracts::{Truth, VirtualContracts};
use super::story::Story;
use crypto::execution::Address;
use crypto::exit::{SignedVoluntaryExit, VoluntaryExit};
use crypto::spec::{Epoch, ValidatorIndex};
use guardian_core::Command;
use guardian_core::fault::Fault;
use guardian_core::governor::{DAY_EPOCHS, PATIENCE_WINDOWS};
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::{Decision, Message};
use guardian_core::proposal::{ExitProposal, Origin, ProposalId, State};
use guardian_core::record::Record;
use guardian_core::status::{Hold, Standing};
use std::collections::{BTreeMap, BTreeSet};

/// What one honest guardian's journal says so far.
#[derive(Debug, Default)]
struct Testimony {
    proposals: BTreeMap<ProposalId, ExitProposal>,
    certified: BTreeSet<ProposalId>,
    combined: BTreeSet<ProposalId>,
    /// Exit, epoch and slot of each release.
    released: Vec<(ProposalId, VoluntaryExit, Epoch, u64)>,
    votes: BTreeMap<(ProposalId, u32), Decision>,
}

/// All testimonies.
#[derive(Debug, Default)]
pub struct Witness {
    honest: BTreeMap<GuardianIndex, Testimony>,
    /// What is true of each operator now.
    truths: BTreeMap<Address, Truth>,
    /// Operators of whom a guardian was last told, at the head, that they have enough.
    cured: BTreeSet<(GuardianIndex, Address)>,
    /// Faults honest guardians reported.
    pub faults: BTreeSet<Fault>,
    /// Holds honest guardians showed.
    pub holds: BTreeSet<Hold>,
    /// States honest guardians showed proposals in.
    pub states: BTreeSet<State>,
    /// Decisions honest guardians said.
    pub decisions: BTreeSet<Decision>,
    /// Where honest guardians showed operators.
    pub standings: BTreeSet<Standing>,
    /// Honest guardians that showed an account they cannot explain.
    pub doubters: BTreeSet<GuardianIndex>,
    /// Exits that the chain took of validators that attested in every epoch.
    pub exits_for_tickets: u64,
}

impl Witness {
    /// Sees a command of an honest guardian before it is executed; journal writes count as durable from here.
    pub fn sees(&mut self, story: &Story, guardian: GuardianIndex, command: &Command) {
        let testimony = self.honest.entry(guardian).or_default();
        match command {
            Command::Persist(records) => {
                for record in records {
                    testimony.reads(story, guardian, record);
                    if let Record::Released { proposal, .. } = record
                        && let Origin::Tickets { operator, .. } = testimony.proposals[proposal].origin
                    {
                        let index = testimony.proposals[proposal].exit.validator_index;
                        check_cause(story, operator, index, self.truths.get(&operator));
                        let stands = self.truths[&operator].short_since.is_none();
                        let knows = self.cured.contains(&(guardian, operator));
                        assert!(!(stands && knows), "{guardian:?} releases although it saw the top-up");
                    }
                }
            }
            Command::SignExit(order) => {
                let id = order.proposal();
                assert!(
                    testimony.certified.contains(&id),
                    "{guardian:?} signs without a certificate in its journal"
                );
                assert!(
                    testimony
                        .released
                        .iter()
                        .any(|(released, exit, _, _)| *released == id && *exit == order.exit()),
                    "{guardian:?} signs what it did not journal as released"
                );
                let root = order.exit().signing_root(&story.definition.chain.forks, order.exit().epoch);
                assert_eq!(order.signing_root(), root, "another signing root than the exit's");
            }
            Command::Broadcast(Message::Vote(vote)) => {
                self.decisions.insert(vote.decision);
                assert_eq!(
                    testimony.votes.get(&(vote.proposal, vote.revision)),
                    Some(&vote.decision),
                    "{guardian:?} says a vote that is not the one in its journal"
                );
            }
            Command::Broadcast(Message::Partial(partial)) => {
                assert!(
                    testimony.certified.contains(&partial.proposal),
                    "{guardian:?}: a partial, no certificate"
                );
            }
            Command::Broadcast(Message::Certificate(certificate)) => {
                assert!(
                    testimony.certified.contains(&certificate.proposal.id()),
                    "a certificate not journaled"
                );
            }
            Command::ReportFault(fault) => {
                assert!(
                    !story.is_honest(fault.guardian),
                    "{guardian:?} blames an honest guardian: {fault:?}"
                );
                self.faults.insert(*fault);
            }
            Command::PublishStatus(status) => {
                self.holds.extend(status.proposals.iter().filter_map(|proposal| proposal.hold));
                self.standings.extend(status.operators.iter().map(|operator| operator.standing));
                if status.operators.iter().any(|operator| operator.unexplained.is_some()) {
                    self.doubters.insert(guardian);
                }
                self.states.extend(status.proposals.iter().map(|proposal| proposal.state));
            }
            Command::SubmitExit { proposal, .. } => {
                assert!(testimony.combined.contains(proposal), "{guardian:?} posts what it did not journal");
            }
            Command::Broadcast(Message::Heartbeat(_) | Message::Proposal(_))
            | Command::Reply { .. }
            | Command::RequestCatchUp(_)
            | Command::CombineExit(_)
            | Command::WatchValidators(_)
            | Command::WatchOperators(_) => {}
        }
    }

    /// Sees the pool take an exit.
    pub fn sees_exit(
        &mut self,
        story: &Story,
        chain: &VirtualChain,
        contracts: &VirtualContracts,
        exit: &SignedVoluntaryExit,
    ) {
        let index = usize::try_from(exit.message.validator_index.0).expect("a small index");
        let fate = chain.members()[index].fate;
        let k = story.definition.policy.offline.epochs;
        let was_dark = match fate {
            Fate::Live => false,
            Fate::Dark { from } => from.0 + k <= chain.epoch().0,
            Fate::Returns { from, back } => from.0 + k <= back.0,
        };
        let was_short = contracts.truth_about(index).is_some_and(|truth| truth.was_due);
        assert!(was_dark || was_short, "validator {index}, {fate:?}, was made to exit");
        self.exits_for_tickets += u64::from(!was_dark);
        let approvers =
            self.honest.values().filter(|t| t.released.iter().any(|(_, e, _, _)| *e == exit.message));
        let t = usize::from(story.definition.guardian_set.threshold.t());
        let liars = usize::from(story.liar.is_some());
        assert!(approvers.count() + liars >= t, "an exit without enough releases");
    }

    /// Learns what is true of an operator.
    pub fn knows(&mut self, operator: Address, truth: Truth) {
        self.truths.insert(operator, truth);
    }

    /// A guardian is shown an operator's account at the head.
    pub fn is_told(&mut self, guardian: GuardianIndex, operator: Address, is_cured: bool) {
        if is_cured {
            self.cured.insert((guardian, operator));
        } else {
            self.cured.remove(&(guardian, operator));
        }
    }

    /// A guardian started anew: what it was shown at the head is gone.
    pub fn forgets(&mut self, guardian: GuardianIndex) {
        self.cured.retain(|(told, _)| *told != guardian);
    }

    /// How many forms of exits, over all validators, a guardian released.
    pub fn released_by(&self, guardian: GuardianIndex) -> usize {
        self.honest.get(&guardian).map_or(0, |testimony| testimony.released.len())
    }

    /// How many proposals honest guardians certified.
    pub fn certified(&self) -> usize {
        self.honest.values().map(|testimony| testimony.certified.len()).sum()
    }

    /// Adds what was seen in another story.
    pub fn remember(&mut self, other: &Self) {
        self.faults.extend(&other.faults);
        self.holds.extend(&other.holds);
        self.states.extend(&other.states);
        self.decisions.extend(&other.decisions);
        self.standings.extend(&other.standings);
        self.exits_for_tickets += other.exits_for_tickets;
    }
}

/// Whether a ticket exit has the cause it claims: the validator's own operator, and it was short for the grace period.
fn check_cause(story: &Story, operator: Address, index: ValidatorIndex, truth: Option<&Truth>) {
    let place = usize::try_from(index.0).expect("a small index");
    let purse = story.purses.iter().position(|purse| purse.validators.contains(&place));
    let owner = purse.map(VirtualContracts::operator);
    assert_eq!(owner, Some(operator), "validator {place} is another operator's");
    assert!(truth.is_some_and(|truth| truth.was_due), "an exit was released, but {operator} was never due");
}

impl Testimony {
    fn reads(&mut self, story: &Story, guardian: GuardianIndex, record: &Record) {
        match record {
            Record::Proposed(proposal) => {
                self.proposals.insert(proposal.id(), proposal.clone());
            }
            Record::VoteCast(vote) => {
                let earlier = self.votes.insert((vote.proposal, vote.revision), vote.decision);
                assert_eq!(earlier, None, "{guardian:?} casts one revision twice");
            }
            Record::Certified { proposal, approvals, .. } => {
                let distinct: BTreeSet<_> = approvals.iter().map(|(approver, _)| approver).collect();
                let t = usize::from(story.definition.guardian_set.threshold.t());
                assert!(distinct.len() >= t, "a certificate of {} approvals", distinct.len());
                self.certified.insert(*proposal);
            }
            Record::Released { proposal, at } => {
                assert!(self.certified.contains(proposal), "{guardian:?} releases without a certificate");
                let exit = self.proposals[proposal].exit;
                let epoch = story.definition.chain.epoch_of(*at);
                self.check_forms(story, guardian, &exit, at.0);
                self.released.push((*proposal, exit, epoch, at.0));
                self.check_caps(story, guardian, epoch);
            }
            Record::PartialHeld { partial, .. } => {
                assert!(
                    self.certified.contains(&partial.proposal),
                    "{guardian:?} holds a partial, no certificate"
                );
            }
            Record::Combined { proposal, .. } => {
                self.combined.insert(*proposal);
            }
            Record::Liveness(_)
            | Record::Finalized(_)
            | Record::VoteSeen { .. }
            | Record::Submitted { .. }
            | Record::Moved { .. }
            | Record::Faulted { .. }
            | Record::NotFinalizing(_)
            | Record::Scanned(_) => {}
        }
    }

    /// One form a validator, unless the first was given up after its patience ran out.
    fn check_forms(&self, story: &Story, guardian: GuardianIndex, exit: &VoluntaryExit, slot: u64) {
        let patience = story.definition.policy.vote_window * PATIENCE_WINDOWS;
        let other = self.released.iter().find(|(id, other, _, at)| {
            other.validator_index == exit.validator_index
                && other != exit
                && (at + patience > slot || self.combined.contains(id))
        });
        assert!(other.is_none(), "{guardian:?} releases {exit:?} after {other:?}");
    }

    fn check_caps(&self, story: &Story, guardian: GuardianIndex, epoch: Epoch) {
        let distinct = |first: u64| {
            let since = self.released.iter().filter(|(_, _, at, _)| at.0 >= first);
            since.map(|(_, exit, _, _)| *exit).collect::<BTreeSet<_>>().len()
        };
        let caps = &story.definition.caps;
        let today = distinct((epoch.0 + 1).saturating_sub(DAY_EPOCHS));
        assert!(
            u64::try_from(today).is_ok_and(|n| n <= caps.exits_per_day),
            "{guardian:?}: {today} exits in a day"
        );
        let mut first_release = BTreeMap::new();
        for (_, exit, at, _) in &self.released {
            first_release.entry(*exit).or_insert(*at);
        }
        let now = first_release.values().filter(|at| **at == epoch).count();
        assert!(
            u64::try_from(now).is_ok_and(|n| n <= caps.exits_per_epoch),
            "{guardian:?}: {now} exits in {epoch}"
        );
    }
}
