//! The story: which records of the journal a question is about.
//!
//! Of a proposal: every record that names it, and what its first vote here rests on: liveness and finality since the
//! epochs it accuses, and the scans that tell of its validator's registration or its operator's tickets. Of a validator:
//! the same for each of its proposals, and every other record that names it.

use crate::Error;
use crate::id_prefix::IdPrefix;
use crypto::execution::Address;
use crypto::spec::{BlsPubkey, Epoch, ValidatorIndex};
use guardian_core::event::Liveness;
use guardian_core::proposal::{ExitProposal, Origin, ProposalId};
use guardian_core::record::Record;
use guardian_core::registration::{JudgedEvent, ScanReport};
use guardian_core::request::{Request, ValidatorName};
use serde::{Deserialize, Serialize};

/// Most proposals of one question.
const MAX_CASES: usize = 256;

/// Most ids that are listed when a prefix names several.
const MAX_LISTED: usize = 8;

/// What is asked. Everything given must hold; the default asks for nothing but the chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Question {
    /// The one proposal that begins so.
    pub proposal: Option<IdPrefix>,
    /// This validator.
    pub validator: Option<ValidatorName>,
    /// No record before this number.
    pub from: Option<u64>,
    /// No record after this number.
    pub to: Option<u64>,
}

impl Question {
    /// Whether only the chain is of interest.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether records must be read to know which are meant.
    pub(super) fn names_something(&self) -> bool {
        self.proposal.is_some() || self.validator.is_some()
    }
}

fn is_of(name: &ValidatorName, proposal: &ExitProposal) -> bool {
    match name {
        ValidatorName::Index(index) => proposal.exit.validator_index == *index,
        ValidatorName::Pubkey(pubkey) => proposal.pubkey == *pubkey,
    }
}

/// What a record is about.
enum Concern<'a> {
    Proposal(ProposalId),
    Liveness(&'a Liveness),
    Finalized(Epoch),
    NotFinalizing(Epoch),
    Contracts(&'a ScanReport),
    /// A validator, by whatever proposal.
    Validator(BlsPubkey),
    /// A guardian, and no proposal.
    Guardian,
}

fn concern(record: &Record) -> Concern<'_> {
    match record {
        Record::Proposed { proposal, .. } | Record::Adopted { proposal, .. } => {
            Concern::Proposal(proposal.id())
        }
        Record::VoteCast(vote) | Record::VoteSeen { vote, .. } => Concern::Proposal(vote.proposal),
        Record::PartialHeld { partial, .. } => Concern::Proposal(partial.proposal),
        Record::Certified { proposal, .. }
        | Record::Released { proposal, .. }
        | Record::Combined { proposal, .. }
        | Record::Submitted { proposal, .. }
        | Record::Moved { proposal, .. }
        | Record::Observed { proposal, .. }
        | Record::Held { proposal, .. } => Concern::Proposal(*proposal),
        Record::Raised { raised, .. } => Concern::Proposal(raised.emergency.id()),
        Record::EmergencyCertified { emergency, .. } | Record::EmergencyMoved { emergency, .. } => {
            Concern::Proposal(*emergency)
        }
        Record::Cancelled { cancellation, .. } => Concern::Proposal(cancellation.emergency),
        Record::Asked { request, .. } => match request {
            Request::Approve { emergency, .. }
            | Request::Reject { emergency, .. }
            | Request::Withdraw { emergency, .. }
            | Request::Cancel { emergency, .. }
            | Request::Inspect { emergency: Some(emergency) } => Concern::Proposal(*emergency),
            Request::Submit { raised, .. } => Concern::Proposal(raised.emergency.id()),
            Request::Propose { .. }
            | Request::Inspect { emergency: None }
            | Request::Definition {}
            | Request::Convene { .. }
            | Request::Attest { .. }
            | Request::Refresh { .. }
            | Request::AnswerCeremony { .. }
            | Request::AbortCeremony { .. }
            | Request::Pause { .. }
            | Request::Resume { .. } => Concern::Guardian,
        },
        Record::Reached { pubkey, .. } | Record::Spared { pubkey, .. } => Concern::Validator(*pubkey),
        Record::WishCast { .. }
        | Record::WishSeen { .. }
        | Record::Lapsed(_)
        | Record::Preceded { .. }
        | Record::Opened { .. }
        | Record::Ceremony { .. }
        | Record::Inherited { .. }
        | Record::GroupSigned { .. } => Concern::Guardian,
        Record::Faulted { fault, .. } => fault.proposal.map_or(Concern::Guardian, Concern::Proposal),
        Record::Liveness(liveness) => Concern::Liveness(liveness),
        Record::Finalized(checkpoint) => Concern::Finalized(checkpoint.epoch),
        Record::NotFinalizing(epoch) => Concern::NotFinalizing(*epoch),
        Record::Scanned(report) => Concern::Contracts(report),
    }
}

/// A proposal that the question is about.
#[derive(Debug)]
struct Case {
    id: ProposalId,
    proposal: ExitProposal,
    /// Number of the record of its first vote, or of the proposal as long as there is none.
    first_vote: u64,
    has_vote: bool,
}

impl Case {
    /// First epoch that it accuses.
    fn since(&self) -> Epoch {
        match &self.proposal.origin {
            Origin::Offline { dark_from, .. } => *dark_from,
            Origin::Tickets { due, .. } | Origin::Balance { due } | Origin::Emergency { due, .. } => *due,
        }
    }

    /// Whether its first vote rests on a record of this number that does not name it.
    fn rests_on(&self, number: u64, concern: &Concern<'_>) -> bool {
        let is_cause = match concern {
            Concern::Liveness(liveness) => {
                let is_offline = matches!(self.proposal.origin, Origin::Offline { .. });
                // With the last epoch it attested in.
                let is_in_time = liveness.epoch >= self.since().saturating_sub(1);
                is_offline && is_in_time && names(liveness, self.proposal.exit.validator_index)
            }
            Concern::Finalized(epoch) => *epoch >= self.proposal.origin.due(),
            Concern::NotFinalizing(epoch) => *epoch >= self.since(),
            Concern::Contracts(report) => {
                let pays = match &self.proposal.origin {
                    Origin::Tickets { operator, .. } => moves_tickets(report, operator),
                    Origin::Offline { .. } | Origin::Balance { .. } | Origin::Emergency { .. } => false,
                };
                pays || registers(report, &self.proposal.pubkey)
            }
            Concern::Proposal(id) => {
                return matches!(&self.proposal.origin, Origin::Emergency { emergency, .. } if emergency == id);
            }
            Concern::Validator(pubkey) => return *pubkey == self.proposal.pubkey,
            Concern::Guardian => false,
        };
        is_cause && number < self.first_vote
    }
}

/// The first reading: which proposals are meant, and when each had its first vote.
#[derive(Debug)]
pub(super) struct Search<'a> {
    question: &'a Question,
    cases: Vec<Case>,
    /// Emergencies that the question names.
    emergencies: Vec<ProposalId>,
}

impl<'a> Search<'a> {
    pub(super) fn new(question: &'a Question) -> Self {
        Self { question, cases: Vec::new(), emergencies: Vec::new() }
    }

    pub(super) fn take(&mut self, number: u64, record: &Record) -> Result<(), Error> {
        match record {
            Record::Proposed { proposal, .. } | Record::Adopted { proposal, .. } => {
                self.propose(number, proposal)?;
            }
            Record::Raised { raised, .. } => {
                let id = raised.emergency.id();
                let is_meant = self.question.proposal.as_ref().is_some_and(|prefix| prefix.begins(&id));
                if is_meant && self.emergencies.len() < MAX_CASES && !self.emergencies.contains(&id) {
                    self.emergencies.push(id);
                }
            }
            Record::VoteCast(vote) | Record::VoteSeen { vote, .. } => {
                let voted = self.cases.iter_mut().find(|case| case.id == vote.proposal && !case.has_vote);
                if let Some(case) = voted {
                    (case.first_vote, case.has_vote) = (number, true);
                }
            }
            // Neither names a proposal first nor votes.
            _ => {}
        }
        Ok(())
    }

    fn propose(&mut self, number: u64, proposal: &ExitProposal) -> Result<(), Error> {
        let id = proposal.id();
        let is_meant = self.question.proposal.as_ref().is_none_or(|prefix| prefix.begins(&id))
            && self.question.validator.is_none_or(|validator| is_of(&validator, proposal));
        if !is_meant || self.cases.iter().any(|case| case.id == id) {
            return Ok(());
        }
        if self.cases.len() >= MAX_CASES {
            let problem = format!("this names more than {MAX_CASES} proposals; name one with --proposal");
            return Err(Error::Audit { problem });
        }
        let proposal = proposal.clone();
        self.cases.push(Case { id, proposal, first_vote: number, has_vote: false });
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Story<'a>, Error> {
        let Self { question, cases, emergencies } = self;
        if let Some(prefix) = &question.proposal {
            let found: Vec<_> = cases.iter().map(|case| case.id).chain(emergencies.iter().copied()).collect();
            let problem = match &found[..] {
                [_] => None,
                [] => Some(format!(
                    "the journal holds no such proposal whose id begins with {prefix}; `guardian status` and \
                     `guardian audit --from 0` list what it holds"
                )),
                [..] => {
                    let ids: Vec<_> = found.iter().map(ToString::to_string).take(MAX_LISTED).collect();
                    Some(format!(
                        "{} proposals begin with {prefix}; give more digits: {}",
                        found.len(),
                        ids.join(", ")
                    ))
                }
            };
            if let Some(problem) = problem {
                return Err(Error::Audit { problem });
            }
        }
        // A validator keeps key and index for ever: one of its proposals tells both.
        let known = cases.first().map(|case| case.proposal.subject());
        let subject = question.validator.filter(|_| question.proposal.is_none()).map(|name| match name {
            ValidatorName::Index(index) => (Some(index), known.map(|subject| subject.pubkey)),
            ValidatorName::Pubkey(pubkey) => (known.map(|subject| subject.index), Some(pubkey)),
        });
        let (index, pubkey) = subject.unwrap_or_default();
        Ok(Story { question, cases, emergencies, index, pubkey })
    }
}

/// Which records to tell.
#[derive(Debug)]
pub(super) struct Story<'a> {
    question: &'a Question,
    cases: Vec<Case>,
    emergencies: Vec<ProposalId>,
    /// The validator whose whole story is asked for, as far as it is known.
    index: Option<ValidatorIndex>,
    pubkey: Option<BlsPubkey>,
}

impl Story<'_> {
    pub(super) fn proposals(&self) -> impl Iterator<Item = ProposalId> {
        self.cases.iter().map(|case| case.id).chain(self.emergencies.iter().copied())
    }

    /// Whether a record belongs to it; None stands for one of unknown kind.
    pub(super) fn holds(&self, number: u64, record: Option<&Record>) -> bool {
        let Question { from, to, .. } = self.question;
        if from.is_some_and(|from| number < from) || to.is_some_and(|to| to < number) {
            return false;
        }
        if !self.question.names_something() {
            return true;
        }
        let Some(record) = record else { return false };
        let concern = concern(record);
        let names_it = match &concern {
            Concern::Proposal(id) => self.proposals().any(|known| known == *id),
            Concern::Validator(pubkey) => self.pubkey == Some(*pubkey),
            Concern::Liveness(liveness) => self.index.is_some_and(|index| names(liveness, index)),
            Concern::Contracts(report) => self.pubkey.is_some_and(|pubkey| registers(report, &pubkey)),
            Concern::Finalized(_) | Concern::NotFinalizing(_) | Concern::Guardian => false,
        };
        names_it || self.cases.iter().any(|case| case.rests_on(number, &concern))
    }
}

fn names(liveness: &Liveness, index: ValidatorIndex) -> bool {
    liveness.live.contains(&index) || liveness.dark.contains(&index)
}

fn registers(report: &ScanReport, key: &BlsPubkey) -> bool {
    report.logs.iter().any(|log| match &log.event {
        JudgedEvent::Registered(registered) => registered.pubkey.as_ref() == Some(key),
        JudgedEvent::Provisioned(_)
        | JudgedEvent::Skipped(_)
        | JudgedEvent::Exited { .. }
        | JudgedEvent::TicketsDeposited { .. }
        | JudgedEvent::TicketsWithdrawn { .. }
        | JudgedEvent::ExitProposed(_)
        | JudgedEvent::ExitCancelled { .. } => false,
    })
}

/// Whether an event names this operator. Provisioning, skip and exit name only the registration.
fn moves_tickets(report: &ScanReport, account: &Address) -> bool {
    report.logs.iter().any(|log| match &log.event {
        JudgedEvent::Registered(registered) => registered.operator == *account,
        JudgedEvent::TicketsDeposited { operator, .. } | JudgedEvent::TicketsWithdrawn { operator, .. } => {
            operator == account
        }
        JudgedEvent::Provisioned(_)
        | JudgedEvent::Skipped(_)
        | JudgedEvent::Exited { .. }
        | JudgedEvent::ExitProposed(_)
        | JudgedEvent::ExitCancelled { .. } => false,
    })
}

#[cfg(test)]
mod tests;
