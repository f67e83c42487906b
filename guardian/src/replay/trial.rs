//! `Trial`: a real core with another policy, alone in its network, to which the recorded facts happen.

use super::outcome::{Candidate, Cause};
use crate::Error;
use crate::recording::Fact;
use crypto::custody::CustodyPublicKey;
use crypto::execution::{Address, Block};
use crypto::keys::PublicKeySet;
use crypto::spec::{BlsPubkey, Epoch};
use crypto::threshold::{ShareIndex, Threshold};
use crypto::validator::{Validator, ValidatorStatus};
use guardian_core::event::Custody;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::message::{Envelope, Message};
use guardian_core::proposal::{ExitProposal, ProposalId};
use guardian_core::record::Record;
use guardian_core::registration::ScanReport;
use guardian_core::status::{Hold, StatusSnapshot};
use guardian_core::{Command, Event, Guardian};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The only member.
const ME: GuardianIndex = GuardianIndex(1);

/// Epochs from an exit's inclusion to the end of duty when nobody else leaves: `1 + MAX_SEED_LOOKAHEAD`.
const EXIT_DELAY: u64 = 5;

/// The definition with its first member alone, at one of one: what it decides is decided.
///
/// # Errors
/// [`Error::Core`] when the definition is not valid; [`Error::Crypto`] never.
pub fn alone(mut definition: NetworkDefinition) -> Result<NetworkDefinition, Error> {
    let set = &mut definition.guardian_set;
    set.threshold = Threshold::new(1, 1)?;
    set.members.truncate(1);
    if let Some(member) = set.members.first_mut() {
        member.index = ME;
    }
    definition.validate()?;
    Ok(definition)
}

/// The core, what it wrote, and what came of it.
#[derive(Debug)]
pub struct Trial {
    definition: NetworkDefinition,
    guardian: Guardian,
    /// Grows with what happens, as a journal does.
    journal: Vec<Record>,
    held: BTreeSet<BlsPubkey>,
    /// Whether the core holds the shares: before, it looks on and proposes nothing.
    is_live: bool,
    scanned: Option<Block>,
    proposals: BTreeMap<ProposalId, ExitProposal>,
    candidates: BTreeMap<BlsPubkey, Candidate>,
    holds: BTreeSet<(ProposalId, Hold)>,
}

impl Trial {
    /// A trial in which nothing happened. `definition` is of one member: see [`alone`].
    ///
    /// # Errors
    /// [`Error::Core`] when the definition is not valid.
    pub fn new(definition: NetworkDefinition) -> Result<Self, Error> {
        Ok(Self {
            guardian: Guardian::new(definition.clone(), ME)?,
            definition,
            journal: Vec::new(),
            held: BTreeSet::new(),
            is_live: false,
            scanned: None,
            proposals: BTreeMap::new(),
            candidates: BTreeMap::new(),
            holds: BTreeSet::new(),
        })
    }

    /// From here on the policy is in force: the core gets the shares.
    pub fn go_live(&mut self) {
        if !std::mem::replace(&mut self.is_live, true) {
            self.load(self.held.iter().copied().collect());
        }
    }

    /// Whether the policy is in force.
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// The guardian was away: what it had seen is gone, what it had written is there.
    ///
    /// # Errors
    /// [`Error::Core`] when the core refuses what it wrote, which is a fault of ours.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.guardian = Guardian::restore(self.definition.clone(), ME, self.journal.iter().cloned())?;
        if self.is_live {
            self.load(self.held.iter().copied().collect());
        }
        Ok(())
    }

    /// The last block whose logs the core has.
    pub fn scanned(&self) -> Option<Block> {
        self.scanned
    }

    /// Something happened. The end of a scan is told by [`Trial::scan`], which needs the history.
    pub fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Held(pubkeys) => {
                let fresh: Vec<_> = pubkeys.into_iter().filter(|pubkey| self.held.insert(*pubkey)).collect();
                if self.is_live {
                    self.load(fresh);
                }
            }
            Fact::ScannedUntil(_) => {}
            Fact::Seen(Event::ContractsScanned(report)) => self.scan(report),
            Fact::Seen(event) => {
                let event = self.as_it_would_be(event);
                self.feed(event);
            }
        }
    }

    /// The contracts were scanned; what of it is known already, after a guardian that went back to a backup, is left out.
    pub fn scan(&mut self, mut report: ScanReport) {
        if let Some(scanned) = self.scanned.filter(|scanned| report.from <= scanned.number) {
            let Some(next) = scanned.number.0.checked_add(1).filter(|next| *next <= report.to.number.0)
            else {
                return;
            };
            report.from.0 = next;
            report.logs.retain(|log| log.block.0 >= next);
        }
        self.scanned = Some(report.to);
        self.feed(Event::ContractsScanned(report));
    }

    /// Every validator that a rule asked to leave, by key; and how often what held it up.
    pub fn outcome(self) -> (Vec<Candidate>, BTreeMap<&'static str, u64>) {
        let status = self.guardian.status();
        let operators: BTreeMap<_, _> =
            status.validators.iter().filter_map(|one| Some((one.pubkey, one.operator?))).collect();
        let mut candidates = self.candidates;
        for candidate in candidates.values_mut() {
            candidate.operator = candidate.operator.or(operators.get(&candidate.validator).copied());
        }
        let mut holds = BTreeMap::new();
        for (_, hold) in &self.holds {
            *holds.entry(hold.code()).or_default() += 1;
        }
        (candidates.into_values().collect(), holds)
    }

    /// Gives the core shares of keys split in one: the key itself is the commitment. One that is no key is no validator.
    fn load(&mut self, pubkeys: Vec<BlsPubkey>) {
        let custody = pubkeys.into_iter().filter_map(|pubkey| {
            let key_set = PublicKeySet::from_bytes(&pubkey.0).ok()?;
            Some(Custody { pubkey, key_set, index: ShareIndex::new(ME.0).ok()? })
        });
        let custody = custody.collect();
        self.feed(Event::CustodyLoaded(custody));
    }

    /// An event as it would have come in this network: the contracts name its one guardian, and validators that were made
    /// to leave are leaving.
    fn as_it_would_be(&self, event: Event) -> Event {
        match event {
            Event::ContractsObserved(mut state) => {
                let member = self.definition.guardian_set.members.first();
                let enclave = member
                    .and_then(|member| member.custody_key.parse::<CustodyPublicKey>().ok())
                    .map(|key| -> Address { key.address() });
                state.guardians = member.and_then(|member| member.account).into_iter().collect();
                state.enclaves = enclave.into_iter().collect();
                state.threshold = 1;
                state.ejection_threshold = self.definition.policy.balance.ejection_threshold;
                Event::ContractsObserved(state)
            }
            Event::HeadObserved { slot, mut validators } => {
                validators.iter_mut().for_each(|validator| self.make_leave(validator, None));
                Event::HeadObserved { slot, validators }
            }
            Event::FinalizedObserved { checkpoint, mut validators } => {
                validators
                    .iter_mut()
                    .for_each(|validator| self.make_leave(validator, Some(checkpoint.epoch)));
                Event::FinalizedObserved { checkpoint, validators }
            }
            other => other,
        }
    }

    /// Shows a validator leaving: at the head since its release, in the state of a finalized `checkpoint` when that is of a
    /// later epoch.
    fn make_leave(&self, validator: &mut Validator, checkpoint: Option<Epoch>) {
        let released = self.candidates.get(&validator.pubkey).and_then(|candidate| candidate.leaves);
        let Some(released) = released.filter(|_| !validator.is_exiting()) else { return };
        if checkpoint.is_none_or(|checkpoint| checkpoint > released.epoch) {
            validator.status = ValidatorStatus::ActiveExiting;
            validator.exit_epoch = released.epoch.saturating_add(EXIT_DELAY);
        }
    }

    /// Hands in an event and our own messages that come of it.
    fn feed(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for command in self.guardian.handle(event) {
                match command {
                    Command::Persist(records) => {
                        records.iter().for_each(|record| self.note(record));
                        self.journal.extend(records);
                    }
                    // A certificate of our own tells nothing new.
                    Command::Broadcast(Message::Certificate(_)) => {}
                    Command::Broadcast(message) => {
                        // Nobody else will ever want to see the seal.
                        let envelope = Envelope(vec![0]);
                        events.push_back(Event::MessageReceived { from: ME, message, envelope });
                    }
                    Command::PublishStatus(status) => self.look_at(&status),
                    // The release is what counts: nothing is signed, posted or said. A replay has nobody to ask either.
                    _ => {}
                }
            }
        }
    }

    fn note(&mut self, record: &Record) {
        match record {
            Record::Proposed { proposal, .. } => {
                self.candidates.entry(proposal.pubkey).or_insert_with(|| Candidate::of(proposal));
                self.proposals.insert(proposal.id(), proposal.clone());
            }
            Record::Released { proposal, at } => {
                let epoch = self.definition.chain.epoch_of(*at);
                if let Some(proposal) = self.proposals.get(proposal)
                    && let Some(candidate) = self.candidates.get_mut(&proposal.pubkey)
                {
                    candidate.release(proposal, *at, epoch);
                }
            }
            // All else is on the way to there.
            _ => {}
        }
    }

    fn look_at(&mut self, status: &StatusSnapshot) {
        for shown in &status.proposals {
            if let Some(hold) = shown.hold
                && self.holds.insert((shown.id, hold))
                && let Some(candidate) = self.candidates.get_mut(&shown.proposal.pubkey)
            {
                candidate.held_by.insert(Cause(hold));
            }
        }
    }
}
