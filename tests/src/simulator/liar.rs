//! The liar: an honest guardian inside, whose words are twisted on the way out.

use super::contracts::VirtualContracts;
use super::sealing::{open, seal, seal_bytes};
use crypto::keys::KeySetId;
use crypto::spec::{Epoch, Slot, ValidatorIndex};
use guardian_core::Event;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::message::{Certificate, Decision, Envelope, Message, RejectReason, Vote};
use guardian_core::proposal::{ExitProposal, ProposalId, Subject};
use intrigue::Intrigue;
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, VecDeque};

mod intrigue;

/// Ways to lie; a liar uses several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// Its partials do not verify.
    FalsePartial,
    /// Its partials carry another guardian's index.
    ForeignShare,
    /// It approves to some and rejects to others, with one revision.
    Equivocation,
    /// It rejects everything.
    Rejection,
    /// It says nothing.
    Silence,
    /// It accuses everybody, with due epochs as it likes.
    Accusation,
    /// It sends certificates that prove nothing.
    HollowCertificate,
    /// It sends bytes that are no message.
    Garbage,
    /// It sends what it heard again, to anybody, at any time.
    Replay,
    /// It keeps the approvals it heard and shows a certificate to one guardian alone, when the voting is long over.
    LateCertificate,
    /// It accuses operators of being out of tickets, theirs and others', since whenever it likes.
    TicketAccusation,
    /// It accuses validators of having lost stake.
    BalanceAccusation,
    /// It proposes exits under a split of the key that nobody holds shares of.
    ForeignSplit,
    /// It shows each guardian another proposal about a validator that is dark, so that their votes do not meet.
    Division,
    /// It raises emergencies about anybody, in its own name.
    Provocation,
    /// It raises emergencies in others' names.
    ForgedEmergency,
    /// It approves every emergency as soon as it hears of it.
    EagerApproval,
    /// Of emergencies, it approves to some and rejects to others, with one revision.
    DividedVotes,
    /// It raises emergencies by the hundred.
    EmergencyFlood,
    /// It sends what it heard of emergencies again, however old.
    OldPapers,
    /// It keeps the approvals it heard of emergencies, and shows a certificate of them to one guardian alone, whether or not
    /// they were taken back.
    StaleCertificate,
    /// It takes others' emergencies back.
    ForgedCancellation,
    /// It wishes the network paused, and not, in turns.
    FickleWish,
}

impl Lie {
    /// Those about exits by the rules.
    pub const ABOUT_EXITS: [Self; 14] = [
        Self::FalsePartial,
        Self::ForeignShare,
        Self::Equivocation,
        Self::Rejection,
        Self::Silence,
        Self::Accusation,
        Self::HollowCertificate,
        Self::Garbage,
        Self::Replay,
        Self::LateCertificate,
        Self::Division,
        Self::TicketAccusation,
        Self::BalanceAccusation,
        Self::ForeignSplit,
    ];

    /// Those about emergencies and pauses.
    pub const ABOUT_PEOPLE: [Self; 9] = [
        Self::Provocation,
        Self::ForgedEmergency,
        Self::EagerApproval,
        Self::DividedVotes,
        Self::EmergencyFlood,
        Self::OldPapers,
        Self::StaleCertificate,
        Self::ForgedCancellation,
        Self::FickleWish,
    ];
}

/// Envelopes a replaying liar remembers.
const MEMORY: usize = 64;

/// A liar at work.
#[derive(Debug)]
pub struct Liar {
    me: GuardianIndex,
    lies: Vec<Lie>,
    heard: VecDeque<Envelope>,
    /// Proposals with the approvals heard of each, for late certificates.
    approved: BTreeMap<ProposalId, (ExitProposal, BTreeMap<GuardianIndex, Envelope>)>,
    intrigue: Intrigue,
}

/// What a liar needs to know to speak unasked.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The network.
    pub definition: &'a NetworkDefinition,
    /// Whom it can speak of.
    pub validators: &'a [Subject],
    /// The slot.
    pub slot: Slot,
    /// What makes its envelopes differ.
    pub nonce: u64,
}

/// A sealed lie for one guardian, or for all.
pub type Whisper = (Option<GuardianIndex>, Envelope);

impl Liar {
    /// A liar in a guardian's place.
    pub fn new(me: GuardianIndex, lies: Vec<Lie>) -> Self {
        let (heard, approved) = (VecDeque::new(), BTreeMap::new());
        Self { me, lies, heard, approved, intrigue: Intrigue::default() }
    }

    fn does(&self, lie: Lie) -> bool {
        self.lies.contains(&lie)
    }

    /// Remembers what it heard. What it says to that at once, if anything.
    pub fn hears(&mut self, envelope: &Envelope) -> Option<Message> {
        self.heard.push_back(envelope.clone());
        if self.heard.len() > MEMORY {
            self.heard.pop_front();
        }
        let event = open(envelope);
        let retort = self.intrigue.hears(&event).filter(|_| self.does(Lie::EagerApproval));
        let Event::MessageReceived { from, message, .. } = event else { return retort };
        match message {
            Message::Proposal(proposal) => {
                self.approved.entry(proposal.id()).or_insert((proposal, BTreeMap::new()));
            }
            Message::Vote(vote) if vote.decision == Decision::Approve => {
                if let Some((_, approvals)) = self.approved.get_mut(&vote.proposal) {
                    approvals.insert(from, envelope.clone());
                }
            }
            Message::Vote(_)
            | Message::Heartbeat(_)
            | Message::Certificate(_)
            | Message::Partial(_)
            | Message::Emergency(_)
            | Message::Cancellation(_)
            | Message::EmergencyCertificate(_)
            | Message::Wish(_)
            | Message::Signing(_)
            | Message::Readiness(_) => {}
        }
        retort
    }

    /// A certificate whose time seemed over, for one guardian.
    fn late_certificate(
        &self,
        members: u16,
        t: u16,
        slot: Slot,
        nonce: u64,
        rng: &mut StdRng,
    ) -> Option<Whisper> {
        let late = self.approved.iter().filter(|(_, (proposal, approvals))| {
            proposal.expires < slot && approvals.len() + 1 >= usize::from(t)
        });
        let late: Vec<_> = late.collect();
        let (id, (proposal, approvals)) = late.get(rng.random_range(0..late.len().max(1)))?;
        let own = approval(**id);
        let mut approvals = approvals.clone();
        approvals.insert(self.me, seal(self.me, nonce, Message::Vote(own)));
        let approvals = approvals.into_values().collect();
        let certificate = Message::Certificate(Certificate { proposal: proposal.clone(), approvals });
        Some((Some(GuardianIndex(rng.random_range(1..=members))), seal(self.me, nonce, certificate)))
    }

    /// What it says in place of an honest message.
    pub fn twists(&self, message: Message, nonce: u64, members: u16) -> Vec<Whisper> {
        if self.does(Lie::Silence) {
            return Vec::new();
        }
        let to_all = |message| vec![(None, seal(self.me, nonce, message))];
        match message {
            Message::Partial(mut partial) => {
                if self.does(Lie::FalsePartial) {
                    partial.signature.0[100] ^= 1;
                }
                if self.does(Lie::ForeignShare)
                    && let Ok(other) = crypto::threshold::ShareIndex::new(self.me.0 % members + 1)
                {
                    partial.index = other;
                }
                to_all(Message::Partial(partial))
            }
            Message::Vote(mut vote) => {
                if self.does(Lie::Rejection) {
                    vote.decision = Decision::Reject(RejectReason::NotDue);
                }
                if self.does(Lie::Equivocation) {
                    let other = Vote { decision: Decision::Reject(RejectReason::Attesting), ..vote.clone() };
                    return (1..=members)
                        .map(|number| {
                            let said = if number % 2 == 0 { vote.clone() } else { other.clone() };
                            (Some(GuardianIndex(number)), seal(self.me, nonce, Message::Vote(said)))
                        })
                        .collect();
                }
                to_all(Message::Vote(vote))
            }
            Message::Certificate(mut certificate) => {
                if self.does(Lie::HollowCertificate) {
                    certificate.approvals.pop();
                    let own = approval(certificate.proposal.id());
                    certificate.approvals.push(seal(self.me, nonce, Message::Vote(own)));
                }
                to_all(Message::Certificate(certificate))
            }
            Message::EmergencyCertificate(mut certificate) => {
                if self.does(Lie::HollowCertificate) {
                    certificate.approvals.pop();
                    let id = certificate.raised.emergency.id();
                    certificate.approvals.push(seal(self.me, nonce, Message::Vote(approval(id))));
                }
                to_all(Message::EmergencyCertificate(certificate))
            }
            Message::Heartbeat(_)
            | Message::Proposal(_)
            | Message::Emergency(_)
            | Message::Cancellation(_)
            | Message::Wish(_)
            | Message::Signing(_)
            | Message::Readiness(_) => to_all(message),
        }
    }

    /// For each guardian a proposal of its own about the first validator, approved.
    fn division(&self, moment: &Moment<'_>, rng: &mut StdRng) -> Vec<Whisper> {
        let Moment { definition, validators, slot, nonce } = *moment;
        let subject = validators[0];
        let mut whispers = Vec::new();
        for member in &definition.guardian_set.members {
            let due = definition.chain.epoch_of(slot).saturating_sub(rng.random_range(3..6));
            let proposal = ExitProposal::offline(definition, subject, due, slot);
            if let Some(proposal) = proposal {
                let vote = approval(proposal.id());
                for message in [Message::Proposal(proposal), Message::Vote(vote)] {
                    whispers.push((Some(member.index), seal(self.me, nonce, message)));
                }
            }
        }
        whispers
    }

    /// Proposals by the other rules and under another split, each approved.
    fn other_accusations(&self, moment: &Moment<'_>, rng: &mut StdRng) -> Vec<Whisper> {
        let Moment { definition, validators, slot, nonce } = *moment;
        let subject = validators[rng.random_range(0..validators.len())];
        let due = definition.chain.epoch_of(slot).saturating_sub(rng.random_range(0..12));
        let operator = VirtualContracts::operator(rng.random_range(0..3));
        let mut proposals = Vec::new();
        if self.does(Lie::TicketAccusation) && slot.0 % 5 == 1 {
            proposals.push(ExitProposal::tickets(definition, subject, operator, due, slot));
        }
        if self.does(Lie::BalanceAccusation) && slot.0 % 9 == 2 {
            proposals.push(ExitProposal::balance(definition, subject, due, slot));
        }
        if self.does(Lie::ForeignSplit) && slot.0 % 8 == 3 {
            let subject = Subject { key_set: KeySetId([0x5a; 32]), ..subject };
            proposals.push(ExitProposal::offline(definition, subject, due, slot));
            proposals.push(ExitProposal::tickets(definition, subject, operator, due, slot));
        }
        let mut whispers = Vec::new();
        for proposal in proposals.into_iter().flatten() {
            let vote = approval(proposal.id());
            whispers.push((None, seal(self.me, nonce, Message::Proposal(proposal))));
            whispers.push((None, seal(self.me, nonce, Message::Vote(vote))));
        }
        whispers
    }

    /// What it says unasked in a slot.
    pub fn whispers(&mut self, moment: &Moment<'_>, rng: &mut StdRng) -> Vec<Whisper> {
        let Moment { definition, validators, slot, nonce } = *moment;
        let mut whispers = self.intrigue.whispers(self.me, &self.lies, moment, rng);
        if self.does(Lie::Accusation) && slot.0.is_multiple_of(3) {
            let epoch = definition.chain.epoch_of(slot);
            let due = Epoch(epoch.0.saturating_sub(rng.random_range(2..8)));
            let place = rng.random_range(0..validators.len());
            let proposal = ExitProposal::offline(definition, validators[place], due, slot);
            if let Some(mut proposal) = proposal {
                if rng.random_bool(0.2) {
                    proposal.exit.validator_index = ValidatorIndex(proposal.exit.validator_index.0 + 1);
                }
                if rng.random_bool(0.1) {
                    proposal.expires = Slot(u64::MAX);
                }
                let vote = approval(proposal.id());
                if self.does(Lie::HollowCertificate) {
                    let own = seal(self.me, nonce, Message::Vote(vote.clone()));
                    let approvals = vec![own; usize::from(definition.guardian_set.threshold.t())];
                    let hollow = Certificate { proposal: proposal.clone(), approvals };
                    whispers.push((None, seal(self.me, nonce, Message::Certificate(hollow))));
                }
                whispers.push((None, seal(self.me, nonce, Message::Proposal(proposal))));
                whispers.push((None, seal(self.me, nonce, Message::Vote(vote))));
            }
        }
        whispers.extend(self.other_accusations(moment, rng));
        if self.does(Lie::Division) {
            whispers.extend(self.division(moment, rng));
        }
        if self.does(Lie::LateCertificate) && rng.random_bool(0.2) {
            let set = definition.guardian_set.threshold;
            whispers.extend(self.late_certificate(set.n(), set.t(), slot, nonce, rng));
        }
        if self.does(Lie::Garbage) {
            let length = rng.random_range(0..200usize);
            let bytes: Vec<u8> = (0..length).map(|_| rng.random()).collect();
            whispers.push((None, seal_bytes(self.me, nonce, &bytes)));
        }
        if self.does(Lie::Replay) && !self.heard.is_empty() {
            let old = &self.heard[rng.random_range(0..self.heard.len())];
            whispers.push((None, old.clone()));
        }
        whispers
    }
}

fn approval(proposal: ProposalId) -> Vote {
    Vote { proposal, revision: 0, decision: Decision::Approve }
}
