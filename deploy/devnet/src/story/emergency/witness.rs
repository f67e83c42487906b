//! Watches an emergency from the contract's log to the end of its exits, and says what is new since it last looked.

use super::super::exits::{ExitsWitness, News, Sight, push};
use super::super::fact::Fact;
use crypto::spec::{Epoch, ValidatorIndex};
use guardian_core::emergency::Raiser;
use guardian_core::proposal::ProposalId;
use guardian_core::status::{EmergencyState, EmergencyStatus, StatusSnapshot};

/// What was told already, beside what is told of the exits.
pub(super) struct EmergencyWitness {
    exits: ExitsWitness,
    validators: Vec<ValidatorIndex>,
    /// The contract's number of it, once it was asked for.
    number: Option<u64>,
    emergency: Option<ProposalId>,
    read: usize,
    over: usize,
}

impl EmergencyWitness {
    pub(super) fn new(names: Vec<String>, validators: &[ValidatorIndex]) -> Self {
        Self {
            exits: ExitsWitness::new(names, validators),
            validators: validators.to_vec(),
            number: None,
            emergency: None,
            read: 0,
            over: 0,
        }
    }

    /// Whether every guardian is connected to every other and sees the validators in a finalized state.
    pub(super) fn is_set(&self, statuses: &[Option<StatusSnapshot>]) -> bool {
        let seen = |status: &StatusSnapshot, validator: ValidatorIndex| {
            status.validators.iter().any(|found| found.index == Some(validator) && found.status.is_some())
        };
        statuses.iter().all(|status| {
            status.as_ref().is_some_and(|status| {
                status.finalized.is_some()
                    && status.peers.iter().all(|peer| peer.connected)
                    && self.validators.iter().all(|validator| seen(status, *validator))
            })
        })
    }

    /// From now on the proposal with this number may be seen.
    pub(super) fn expect(&mut self, number: u64) {
        self.number = Some(number);
    }

    /// The emergency, once every guardian has read it.
    pub(super) fn read_by_all(&self) -> Option<ProposalId> {
        self.emergency.filter(|_| self.read == self.exits.names().len())
    }

    /// The emergency and the epoch whose finality covers its exits, once every guardian has closed it.
    pub(super) fn ended(&self) -> Option<(ProposalId, Epoch)> {
        let all = self.over == self.exits.names().len();
        Some((self.emergency?, self.exits.finalized().filter(|_| all)?))
    }

    /// What has to happen next.
    pub(super) fn waiting_for(&self, asked: bool, decided: bool) -> &'static str {
        if self.exits.finalized().is_some() {
            "every guardian to close the emergency"
        } else if let Some(next) = self.exits.waiting_for() {
            next
        } else if decided {
            "the certificate and the release"
        } else if asked {
            "the proposal's block to be final, and every guardian to read it"
        } else {
            "the guardians to find each other and see the validators finalized"
        }
    }

    /// Everything new, in an order in which it can have happened.
    pub(super) fn look(&mut self, statuses: &[Option<StatusSnapshot>], sight: &Sight) -> Vec<News> {
        let mut news = Vec::new();
        self.look_at_emergency(statuses, &mut news);
        self.exits.look_at_releases(statuses, &mut news);
        self.exits.look_at_chain(sight, &mut news);
        self.look_at_end(statuses, &mut news);
        self.exits.look_at_faults(statuses, &mut news);
        news
    }

    fn look_at_emergency(&mut self, statuses: &[Option<StatusSnapshot>], news: &mut Vec<News>) {
        let Some(number) = self.number else { return };
        let find = |status: &StatusSnapshot| emergency_of(status, number).cloned();
        let Some(first) = statuses.iter().flatten().find_map(find) else { return };
        self.emergency = Some(first.id);
        let who = self.exits.first_time("read", statuses, |status| find(status).is_some());
        self.read += who.len();
        let read = Fact::EmergencyRead { emergency: first.id, validators: first.emergency.validators };
        push(news, who, read);
        let threshold = statuses.iter().flatten().next().map_or(0, |status| status.threshold.t());
        let certified = |status: &StatusSnapshot| find(status).is_some_and(|found| found.certified.is_some());
        let who = self.exits.first_time("certified", statuses, certified);
        push(news, who, Fact::Certified { threshold });
    }

    fn look_at_end(&mut self, statuses: &[Option<StatusSnapshot>], news: &mut Vec<News>) {
        let Some(number) = self.number else { return };
        let is_over = |status: &StatusSnapshot| {
            emergency_of(status, number).is_some_and(|found| found.state == EmergencyState::Done)
        };
        let who = self.exits.first_time("over", statuses, is_over);
        self.over += who.len();
        push(news, who, Fact::EmergencyOver { state: EmergencyState::Done });
    }
}

/// The emergency that a guardian read under this number of the contract.
fn emergency_of(status: &StatusSnapshot, number: u64) -> Option<&EmergencyStatus> {
    status.emergencies.iter().find(|found| match found.emergency.raiser {
        Raiser::Contract { number: theirs, .. } => theirs == number,
        Raiser::Guardian { .. } | Raiser::Account { .. } => false,
    })
}
