//! `Guardian`: one member of the set, from events to commands.
//!
//! Everything lasting is a [`Record`]: it is applied here and handed out as [`Command::Persist`] in one step, so what the
//! guardian knows is what the journal says, and [`Guardian::restore`] is the same story told again. Its parts:
//!
//! | module | decides |
//! |---|---|
//! | `voting` | what to propose, approve, reject, take back |
//! | `certificate` | when t approvals are there |
//! | `release` | when our partial leaves, and when partials are combined |
//! | `follow` | who posts the exit, and whether the chain took it |
//! | `lifecycle` | how far each validator is on its way out, and what is late |
//! | `evidence` | what is written down with a vote |
//! | `scan` | what the contracts show, and whom to watch |
//! | `judgement` | what our view says of a validator or a proposal, by each rule |
//! | `governor` | what holds a release that all agree on |
//! | `pause` | whether anything leaves at all |
//! | `enforcement` | by which rules we act |
//! | `convening`, `conducting` | what is done with the keys, together |
//! | `logs` | what the network's key signs of the public logs |
//! | `offer`, `catch_up` | what to say again, and to whom |
//!
//! # Design decisions
//! - No timers. A slot begins, and whatever is still open is looked at again.
//! - Our own messages come back through [`Event::MessageReceived`] like anybody's: there is one path for votes.
//! - A message from outside the set, about an unknown proposal, or about a validator we hold no share of is dropped
//!   without a word: its author says it again as long as it matters.

use crate::agenda::Agenda;
use crate::ceremony::hall::Hall;
use crate::ceremony::{CeremonyId, Kind};
use crate::command::Command;
use crate::docket::Docket;
use crate::error::Error;
use crate::event::Event;
use crate::fault::{Fault, FaultKind};
use crate::governor::Ledger;
use crate::guardian_set::{GuardianIndex, GuardianSetEpoch, NetworkDefinition, NetworkId};
use crate::journal::JournalHead;
use crate::lifecycle::Lifecycles;
use crate::logs::Logs;
use crate::message::{Envelope, Heartbeat, Message};
use crate::pause::Pauses;
use crate::proposal::{ExitProposal, ProposalId};
use crate::protocol::Protocol;
use crate::readiness::Matrix;
use crate::record::Record;
use crate::roster::Roster;
use crate::settings::Settings;
use crate::signing::Signings;
use crate::view::View;
use crypto::group_key::GroupKeySet;
use crypto::spec::Slot;
use std::collections::BTreeSet;

/// One guardian's whole state. All data: no handle, no lock, no clock.
#[derive(Debug, Clone)]
pub struct Guardian {
    pub(crate) definition: NetworkDefinition,
    pub(crate) me: GuardianIndex,
    pub(crate) view: View,
    pub(crate) docket: Docket,
    pub(crate) ledger: Ledger,
    pub(crate) roster: Roster,
    pub(crate) protocol: Protocol,
    pub(crate) agenda: Agenda,
    pub(crate) pauses: Pauses,
    pub(crate) lifecycles: Lifecycles,
    pub(crate) settings: Settings,
    /// Our definition's id: computed once.
    pub(crate) network: NetworkId,
    /// The definition that was in force before ours, if ours follows one.
    pub(crate) previous: Option<(NetworkId, NetworkDefinition)>,
    /// The network's own key, once there is one.
    pub(crate) group: Option<GroupKeySet>,
    pub(crate) signings: Signings,
    pub(crate) logs: Logs,
    pub(crate) matrix: Matrix,
    pub(crate) hall: Hall,
    /// Errands given in this slot.
    given: (Slot, BTreeSet<(CeremonyId, String)>),
    /// When and by whom emergencies were last looked at: journaled once a slot.
    pub(crate) looked: Option<(Slot, String)>,
    /// Of all that was handed out to be persisted, and restored from.
    journal: JournalHead,
    /// How often the status was shown in this slot.
    shown: u32,
}

/// Most times a slot that the status is shown because something moved; with thousands of validators it is long. What
/// moved later is shown with the next slot.
const MAX_SHOWN: u32 = 64;

impl Guardian {
    /// A guardian with an empty journal.
    ///
    /// # Errors
    /// [`Error::Definition`] when the definition is not valid or does not list `me`.
    pub fn new(definition: NetworkDefinition, me: GuardianIndex) -> Result<Self, Error> {
        definition.validate()?;
        definition.member(me)?;
        Ok(Self {
            network: definition.id(),
            previous: None,
            group: None,
            signings: Signings::default(),
            logs: Logs::default(),
            matrix: Matrix::default(),
            hall: Hall::default(),
            given: (Slot(0), BTreeSet::new()),
            definition,
            me,
            view: View::default(),
            docket: Docket::default(),
            ledger: Ledger::default(),
            roster: Roster::default(),
            protocol: Protocol::default(),
            agenda: Agenda::default(),
            pauses: Pauses::default(),
            lifecycles: Lifecycles::default(),
            settings: Settings::default(),
            looked: None,
            journal: JournalHead::default(),
            shown: 0,
        })
    }

    /// Takes in what happened and says what to do, in order. Never panics, whatever peers say.
    #[must_use]
    pub fn handle(&mut self, event: Event) -> Vec<Command> {
        let mut out = Vec::new();
        let ticked = matches!(event, Event::SlotStarted(_));
        match event {
            Event::SlotStarted(slot) => self.begin_slot(slot, &mut out),
            Event::CustodyLoaded(custodies) => {
                self.view.load(custodies, self.me);
                self.say_watched(&mut out);
            }
            Event::HeadObserved { slot, validators } => {
                self.view.observe_head(slot, validators);
                self.review(&mut out);
            }
            Event::FinalizedObserved { checkpoint, validators } => {
                let rule = &self.definition.policy.balance;
                if self.view.observe_finalized(checkpoint, validators, rule) {
                    self.persist(Record::Finalized(checkpoint), &mut out);
                }
                self.assess(&mut out);
                self.review(&mut out);
                self.tend_ways(&mut out);
            }
            Event::LivenessObserved(liveness) => {
                for record in self.view.worth_journaling(&liveness) {
                    self.persist(record, &mut out);
                }
                self.view.observe_liveness(&liveness);
                self.review(&mut out);
            }
            Event::ExitGossiped { validator_index, epoch } => {
                if let Some(pubkey) = self.view.observe_exit(validator_index, epoch) {
                    self.tend_way(&pubkey, &mut out);
                }
            }
            Event::ExecutionObserved(health) => self.execution_observed(health, &mut out),
            Event::ContractsScanned(report) => self.contracts_scanned(report, &mut out),
            Event::ScanProgressed { scanned: _, target } => self.scan_progressed(target),
            Event::ContractsObserved(state) => self.contracts_observed(&state, &mut out),
            Event::OperatorsObserved { block, infos } => self.operators_observed(block, infos, &mut out),
            Event::ContractsDiverged { .. } => self.contracts_diverged(&mut out),
            Event::NodesObserved(nodes) => {
                self.view.observe_nodes(nodes);
                self.review(&mut out);
            }
            Event::MessageReceived { from, message, envelope } => {
                if self.is_member(from) {
                    self.receive(from, message, envelope, &mut out);
                }
            }
            Event::CertificateReceived { from, proposal, approvals, envelope } => {
                if self.is_member(from) {
                    self.receive_certificate(from, proposal, approvals, envelope, &mut out);
                }
            }
            Event::EmergencyCertificateReceived { from, raised, approvals, envelope } => {
                if self.is_member(from) {
                    self.receive_emergency_certificate(from, raised, approvals, envelope, &mut out);
                }
            }
            Event::SettingsLoaded(settings) => self.settings = settings,
            Event::OperatorAsked { ask, by, request } => self.operator_asked(ask, by, request, &mut out),
            Event::InclusionFound { proposal, slot } => self.inclusion_found(&proposal, slot, &mut out),
            Event::GroupKeyLoaded(key_set) => self.group = Some(key_set),
            Event::NoncesCommitted { matter, attempt, commitments } => {
                self.nonces_committed(matter, attempt, commitments, &mut out);
            }
            Event::GroupSigned { matter, attempt, share } => {
                self.group_signed(matter, attempt, share, &mut out);
            }
            Event::ReadinessProven { parts } => self.readiness_proven(parts, &mut out),
            Event::ReadinessChecked { from, day, part, validators, valid } => {
                self.readiness_checked(from, (day, part), validators, valid, &mut out);
            }
            Event::LogChecked(head) => self.log_checked(head),
            Event::LogForked { guardian, notes } => self.log_forked(guardian, notes, &mut out),
            Event::StatementReceived { ceremony, from, statement, envelope } => {
                self.statement_received(ceremony, from, statement, envelope, &mut out);
            }
            Event::CeremonyNews { ceremony, news } => self.ceremony_news(ceremony, news, &mut out),
            Event::GarbageReceived { from } => {
                if self.is_member(from) {
                    self.fault(from, FaultKind::Garbage, None, Vec::new(), &mut out);
                }
            }
            Event::PeerConnected(peer) => self.peer_connected(peer, &mut out),
            Event::PeerDisconnected(peer) => {
                if self.is_member(peer) {
                    self.roster.peer_mut(peer).connected = false;
                }
            }
            Event::CatchUpRequested { from, request } => self.answer_catch_up(from, request, &mut out),
            Event::ExitSigned(partial) => self.exit_signed(partial, &mut out),
            Event::SigningFailed { proposal, problem: _ } => self.signing_failed(&proposal),
            Event::ExitCombined { proposal, signature, culprits } => {
                self.exit_combined(proposal, signature, &culprits, &mut out);
            }
            Event::CombineFailed { proposal, culprits } => self.combine_failed(proposal, &culprits, &mut out),
            Event::ExitSubmitted { proposal, outcomes } => self.exit_submitted(proposal, outcomes, &mut out),
        }
        self.give_once(&mut out);
        if ticked {
            self.shown = 0;
        }
        if ticked || out.iter().any(is_milestone) {
            self.publish(&mut out);
        }
        out
    }

    /// Errands that are still wanted are given again each slot, and in one slot once.
    fn give_once(&mut self, out: &mut Vec<Command>) {
        let slot = self.view.slot();
        if self.given.0 != slot {
            self.given = (slot, BTreeSet::new());
        }
        out.retain(|command| match command {
            Command::Ceremony { ceremony, errand } => match errand.key() {
                Some(key) => self.given.1.insert((*ceremony, key)),
                None => true,
            },
            _ => true,
        });
    }

    /// Shows the status, once at the end of what an event leads to and not too often in one slot.
    pub(crate) fn publish(&mut self, out: &mut Vec<Command>) {
        if self.shown < MAX_SHOWN {
            self.shown = self.shown.saturating_add(1);
            out.retain(|command| !matches!(command, Command::PublishStatus(_)));
            out.push(Command::PublishStatus(Box::new(self.status())));
        }
    }

    fn begin_slot(&mut self, slot: Slot, out: &mut Vec<Command>) {
        let Some(previous) = self.view.begin_slot(slot) else { return };
        let chain = &self.definition.chain;
        if let Some(ended) = previous.map(|previous| chain.epoch_of(previous))
            && ended < chain.epoch_of(slot)
            && self.view.ended_without_finality(ended, self.definition.caps.max_finality_distance)
        {
            self.persist(Record::NotFinalizing(ended), out);
        }
        self.say_watched(out);
        self.judge_heads();
        self.expire(out);
        self.expire_emergencies(out);
        self.review(out);
        self.tend_ways(out);
        self.tend_ceremonies(out);
        self.tend_signings(out);
        self.tend_readiness(out);
        self.offer(out);
    }

    /// Looks at everything that is not over once more, in the light of what changed.
    pub(crate) fn review(&mut self, out: &mut Vec<Command>) {
        self.review_emergencies(out);
        for id in self.docket.pending() {
            self.advance(&id, out);
        }
        let mut pubkeys = self.view.held_keys();
        let mut room = self.room();
        if let Some(turn) = self.turn().checked_rem(pubkeys.len()) {
            pubkeys.rotate_left(turn);
        }
        for pubkey in pubkeys {
            self.consider(&pubkey, &mut room, out);
        }
    }

    /// Takes one proposal as far as it can go now.
    pub(crate) fn advance(&mut self, id: &ProposalId, out: &mut Vec<Command>) {
        self.follow(id, out);
        self.certify(id, out);
        self.release(id, out);
        self.order_signature(id, out);
        self.order_combination(id, out);
        self.submit(id, out);
    }

    fn receive(&mut self, from: GuardianIndex, message: Message, envelope: Envelope, out: &mut Vec<Command>) {
        if from == self.me && !self.view.has_begun() {
            // It may tell that our journal is old, and we could not say since when. It comes again.
            return;
        }
        match message {
            Message::Heartbeat(heartbeat) => self.receive_heartbeat(from, heartbeat, out),
            Message::Proposal(proposal) => self.receive_proposal(from, proposal, envelope, out),
            Message::Vote(vote) => self.receive_vote(from, vote, envelope, out),
            // The edge opens certificates and hands them in as events of their own.
            Message::Certificate(_) | Message::EmergencyCertificate(_) => {}
            Message::Emergency(raised) => self.receive_emergency(from, raised, envelope, out),
            Message::Cancellation(cancellation) => {
                self.receive_cancellation(from, cancellation, envelope, out)
            }
            Message::Wish(wish) => self.receive_wish(from, wish, envelope, out),
            Message::Partial(partial) => self.receive_partial(from, partial, envelope, out),
            Message::Readiness(readiness) => self.receive_readiness(from, readiness, out),
            Message::Signing(said) => self.receive_signing(from, said, envelope, out),
        }
    }

    fn receive_heartbeat(&mut self, from: GuardianIndex, heartbeat: Heartbeat, out: &mut Vec<Command>) {
        if !self.is_our_epoch(from, heartbeat.guardian_set_epoch, None, out) {
            return;
        }
        let slot = self.view.slot();
        let known = &mut self.roster.peer_mut(from).heartbeat;
        // An older one may be anybody's replay.
        if known.as_ref().is_none_or(|(_, known)| known.slot <= heartbeat.slot) {
            *known = Some((slot, heartbeat));
        }
    }

    /// Whether a guardian speaks of our guardian set; a fault if it does not.
    pub(crate) fn is_our_epoch(
        &mut self,
        from: GuardianIndex,
        epoch: GuardianSetEpoch,
        about: Option<&ExitProposal>,
        out: &mut Vec<Command>,
    ) -> bool {
        let ours = epoch == self.definition.guardian_set.epoch;
        if !ours {
            self.fault(from, FaultKind::WrongEpoch, about.map(ExitProposal::id), Vec::new(), out);
        }
        ours
    }

    pub(crate) fn is_member(&self, guardian: GuardianIndex) -> bool {
        guardian.0 >= 1 && guardian.0 <= self.definition.guardian_set.threshold.n()
    }

    /// Applies a record and hands it out to be made durable. False when it contradicts what is known: then nothing
    /// happened, and nothing that depends on it may happen.
    pub(crate) fn persist(&mut self, record: Record, out: &mut Vec<Command>) -> bool {
        if self.apply(&record).is_err() {
            return false;
        }
        match out.last_mut() {
            Some(Command::Persist(records)) => records.push(record),
            Some(_) | None => out.push(Command::Persist(vec![record])),
        }
        true
    }

    /// Makes the change a record tells of: the only way anything lasting changes.
    pub(crate) fn apply(&mut self, record: &Record) -> Result<(), &'static str> {
        let threshold = self.definition.guardian_set.threshold;
        self.agenda.apply(record, self.me, threshold)?;
        if !self.agenda.owns(record) {
            self.docket.apply(record, self.me, threshold)?;
        }
        self.lifecycles.apply(record, &self.docket);
        self.pauses.apply(record);
        self.hall.apply(record)?;
        self.signings.apply(record);
        if let Record::Preceded { definition } = record {
            self.previous = Some((definition.id(), (**definition).clone()));
        }
        self.ledger.apply(record, &self.docket, self.protocol.registry(), &self.definition);
        self.view.apply(record);
        if let Record::Scanned(report) = record {
            self.protocol.apply(report, &self.definition.chain)?;
        }
        if let Record::Faulted { fault, .. } = record {
            self.roster.remember(*fault);
        }
        self.journal = self.journal.follow(&record.encode());
        Ok(())
    }

    /// Whether our set handed over to one that we are not in: what is left to do is to say that our shares are gone.
    pub fn is_retired(&self) -> bool {
        let me = self.my_name();
        self.hall.iter().any(|course| {
            course.is_done()
                && course.order.network == self.network
                && matches!(&course.order.kind, Kind::Succession { next } if next.index_of(&me).is_none())
        })
    }

    /// The definition that was in force before ours, if ours follows one.
    pub fn previous(&self) -> Option<&NetworkDefinition> {
        self.previous.as_ref().map(|(_, definition)| definition)
    }

    /// Whether our definition is not in force yet: the set before has not handed over.
    pub fn is_joining(&self) -> bool {
        let followed = |course: &crate::ceremony::course::Course| matches!(&course.order.kind, Kind::Succession { next } if next.id() == self.network);
        self.previous.is_some() && !self.hall.iter().any(|course| course.is_done() && followed(course))
    }

    /// The head of the journal, with everything handed out to be persisted so far.
    pub fn journal_head(&self) -> JournalHead {
        self.journal
    }

    /// Reports a peer's misbehaviour, and journals it the first time.
    pub(crate) fn fault(
        &mut self,
        guardian: GuardianIndex,
        kind: FaultKind,
        proposal: Option<ProposalId>,
        evidence: Vec<Envelope>,
        out: &mut Vec<Command>,
    ) {
        // An id that nobody else knows is the offender's to choose: each would be one more journal record.
        let proposal = proposal.filter(|id| self.docket.get(id).is_some());
        let fault = Fault { guardian, kind, proposal };
        if !self.roster.is_known(&fault) {
            self.persist(Record::Faulted { fault, evidence }, out);
        }
        out.push(Command::ReportFault(fault));
    }
}

/// Whether a command writes down something worth showing before the next slot.
fn is_milestone(command: &Command) -> bool {
    let Command::Persist(records) = command else { return false };
    records.iter().any(|record| match record {
        Record::Proposed { .. }
        | Record::VoteSeen { .. }
        | Record::Certified { .. }
        | Record::Released { .. }
        | Record::PartialHeld { .. }
        | Record::Combined { .. }
        | Record::Submitted { .. }
        | Record::Moved { .. }
        | Record::Faulted { .. }
        | Record::Raised { .. }
        | Record::EmergencyCertified { .. }
        | Record::EmergencyMoved { .. }
        | Record::Cancelled { .. }
        | Record::Adopted { .. }
        | Record::Held { .. }
        | Record::Reached { .. }
        | Record::WishSeen { .. }
        | Record::Asked { .. }
        | Record::Lapsed(_)
        | Record::Spared { .. }
        | Record::Opened { .. }
        | Record::Ceremony { .. }
        | Record::GroupSigned { .. } => true,
        Record::Liveness(_)
        | Record::Finalized(_)
        | Record::VoteCast(_)
        | Record::NotFinalizing(_)
        | Record::Scanned(_)
        | Record::Observed { .. }
        | Record::WishCast { .. }
        | Record::Preceded { .. }
        | Record::Inherited { .. } => false,
    })
}

#[cfg(test)]
mod tests;
