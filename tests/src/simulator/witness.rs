//! `Witness`: sees every command of every honest guardian and every block, and panics at the first broken promise.

use super::chain::{Fate, VirtualChain};
use super::contracts::{Truth, VirtualContracts};
use super::sealing::{open, vote};
use super::story::Story;
use crypto::execution::Address;
use crypto::exit::{SignedVoluntaryExit, VoluntaryExit};
use crypto::spec::ValidatorIndex;
use guardian_core::fault::Fault;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::{Decision, Envelope, Message};
use guardian_core::notice::Notice;
use guardian_core::proposal::{Origin, ProposalId, State};
use guardian_core::record::Record;
use guardian_core::status::{EmergencyState, Hold, Standing, StatusSnapshot};
use guardian_core::{Command, Event};
use std::collections::{BTreeMap, BTreeSet};
use testimony::Testimony;

mod bounds;
mod testimony;

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
    /// Exits that the chain took of validators that attested and whose operators were out of tickets.
    pub exits_for_tickets: u64,
    /// Exits that the chain took for no other reason than that people asked for them.
    pub exits_for_people: u64,
    /// States honest guardians showed emergencies in.
    pub emergencies: BTreeSet<EmergencyState>,
    /// Codes of what honest guardians told their operators.
    pub notices: BTreeSet<&'static str>,
}

impl Witness {
    /// Sees a command of an honest guardian before it is executed; journal writes count as durable from here.
    pub fn sees(&mut self, story: &Story, guardian: GuardianIndex, command: &Command) {
        if let Command::Persist(records) = command {
            records.iter().for_each(|record| self.reads(story, guardian, record));
            return;
        }
        let testimony = self.honest.entry(guardian).or_default();
        let is_paused = testimony.is_paused(story, guardian);
        match command {
            Command::Persist(_) => {}
            Command::SignExit(order) => {
                let id = order.proposal();
                assert!(!is_paused, "{guardian:?} signs while it is paused");
                testimony.check_will(story, guardian, &id, None);
                assert!(
                    testimony.certified.contains(&id),
                    "{guardian:?} signs without a certificate in its journal"
                );
                assert!(
                    testimony
                        .released
                        .iter()
                        .any(|release| release.proposal == id && release.exit == order.exit()),
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
                assert!(!is_paused, "{guardian:?} says a partial while it is paused");
                testimony.check_stand(guardian, &partial.proposal);
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
            Command::Broadcast(Message::Signing(_) | Message::Readiness(_))
            | Command::ProveReadiness { .. }
            | Command::CheckReadiness { .. }
            | Command::Ceremony { .. }
            | Command::CommitNonces { .. }
            | Command::SignGroup(_) => {}
            Command::PublishStatus(status) => self.sees_status(guardian, status),
            Command::SubmitExit { proposal, .. } => {
                assert!(!is_paused, "{guardian:?} posts while it is paused");
                testimony.check_stand(guardian, proposal);
                assert!(testimony.combined.contains(proposal), "{guardian:?} posts what it did not journal");
            }
            Command::Broadcast(Message::EmergencyCertificate(certificate)) => {
                let id = certificate.raised.emergency.id();
                assert!(testimony.endorsed.contains(&id), "{guardian:?}: a certificate not journaled");
            }
            Command::Broadcast(Message::Cancellation(cancellation)) => {
                let id = cancellation.emergency;
                assert!(testimony.cancelled.contains(&id), "{guardian:?}: a cancellation not journaled");
            }
            Command::Broadcast(Message::Wish(wish)) => {
                assert_eq!(
                    testimony.wish,
                    Some(*wish),
                    "{guardian:?} says a wish that is not in its journal"
                );
            }
            Command::Reply { envelopes, .. } => {
                let says_own = |sealed: &Envelope| {
                    matches!(
                        open(sealed),
                        Event::MessageReceived { from, message: Message::Partial(_), .. } if from == guardian
                    )
                };
                let says_own = is_paused && envelopes.iter().any(says_own);
                assert!(!says_own, "{guardian:?} answers with its partial while it is paused");
            }
            Command::Notify(notice) => {
                assert_ne!(*notice, Notice::JournalIsOld, "{guardian:?} doubts a journal that lacks nothing");
                self.notices.insert(notice.code());
            }
            Command::Broadcast(Message::Heartbeat(_) | Message::Proposal(_) | Message::Emergency(_))
            | Command::RequestCatchUp(_)
            | Command::CombineExit(_)
            | Command::FindInclusion { .. }
            | Command::Answer { .. }
            | Command::WatchValidators(_)
            | Command::WatchOperators(_) => {}
        }
    }

    /// Sees a record of an honest guardian; it counts as durable from here.
    fn reads(&mut self, story: &Story, guardian: GuardianIndex, record: &Record) {
        match record {
            Record::Certified { proposal: id, approvals, .. }
            | Record::EmergencyCertified { emergency: id, approvals, .. } => {
                self.check_certificate(story, guardian, id, approvals);
            }
            _ => {}
        }
        let testimony = self.honest.entry(guardian).or_default();
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

    /// t approvals by distinct guardians, each of which said so itself, if it is honest.
    fn check_certificate(
        &self,
        story: &Story,
        guardian: GuardianIndex,
        id: &ProposalId,
        approvals: &[(GuardianIndex, Envelope)],
    ) {
        let distinct: BTreeSet<_> = approvals.iter().map(|(approver, _)| approver).collect();
        let t = usize::from(story.definition.guardian_set.threshold.t());
        assert!(distinct.len() >= t, "a certificate of {} approvals", distinct.len());
        for (approver, sealed) in approvals {
            let Some((author, vote)) = vote(sealed) else { panic!("{guardian:?} counts what is no vote") };
            assert_eq!((author, vote.proposal), (*approver, *id), "{guardian:?} counts another's vote");
            assert_eq!(vote.decision, Decision::Approve, "{guardian:?} counts a refusal as an approval");
            let said = self.honest.get(approver).and_then(|t| t.votes.get(&(*id, vote.revision)));
            let is_true = !story.is_honest(*approver) || said == Some(&Decision::Approve);
            assert!(is_true, "{guardian:?} counts an approval that {approver:?} never gave");
        }
    }

    fn sees_status(&mut self, guardian: GuardianIndex, status: &StatusSnapshot) {
        self.holds.extend(status.proposals.iter().filter_map(|proposal| proposal.hold));
        self.standings.extend(status.operators.iter().map(|operator| operator.standing));
        if status.operators.iter().any(|operator| operator.unexplained.is_some()) {
            self.doubters.insert(guardian);
        }
        self.states.extend(status.proposals.iter().map(|proposal| proposal.state));
        self.emergencies.extend(status.emergencies.iter().map(|emergency| emergency.state));
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
        let is_willed = self.is_willed(story, &exit.message);
        assert!(was_dark || was_short || is_willed, "validator {index}, {fate:?}, was made to exit");
        self.exits_for_tickets += u64::from(!was_dark && was_short);
        self.exits_for_people += u64::from(!was_dark && !was_short);
        let approvers =
            self.honest.values().filter(|t| t.released.iter().any(|release| release.exit == exit.message));
        assert!(is_met(story, approvers.count()), "an exit without enough releases");
    }

    /// Whether an emergency that names a validator led to its exit, and t guardians once approved it.
    fn is_willed(&self, story: &Story, exit: &VoluntaryExit) -> bool {
        let emergencies = self.honest.values().flat_map(|testimony| testimony.willed(exit));
        emergencies.collect::<BTreeSet<_>>().iter().any(|id| {
            is_met(story, self.honest.values().filter(|testimony| testimony.ever_approved(id)).count())
        })
    }

    /// Honest guardians that journaled the taking back of an emergency with this label.
    pub fn cancelled(&self, label: &str) -> usize {
        self.honest.values().filter(|testimony| testimony.has_cancelled(label)).count()
    }

    /// Honest guardians that certified an emergency with this label.
    pub fn endorsed(&self, label: &str) -> usize {
        self.honest.values().filter(|testimony| testimony.has_endorsed(label)).count()
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
        self.exits_for_people += other.exits_for_people;
        self.emergencies.extend(&other.emergencies);
        self.notices.extend(&other.notices);
    }
}

/// Whether so many honest guardians are t together with the liars.
fn is_met(story: &Story, honest: usize) -> bool {
    story.definition.guardian_set.threshold.met_by(honest + story.liars.len())
}

/// Whether a ticket exit has the cause it claims: the validator's own operator, and it was short for the grace period.
fn check_cause(story: &Story, operator: Address, index: ValidatorIndex, truth: Option<&Truth>) {
    let place = usize::try_from(index.0).expect("a small index");
    let purse = story.purses.iter().position(|purse| purse.validators.contains(&place));
    let owner = purse.map(VirtualContracts::operator);
    assert_eq!(owner, Some(operator), "validator {place} is another operator's");
    assert!(truth.is_some_and(|truth| truth.was_due), "an exit was released, but {operator} was never due");
}
