//! `Intrigue`: the lies about emergencies and pauses.

use super::{Lie, Moment, Whisper, approval};
use crate::simulator::sealing::seal;
use crypto::spec::ValidatorIndex;
use guardian_core::Event;
use guardian_core::emergency::{Cancellation, Emergency, Proof, Raised, Raiser, Severity};
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::{Decision, EmergencyCertificate, Envelope, Message, RejectReason, Vote};
use guardian_core::pause::Wish;
use guardian_core::proposal::ProposalId;
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, VecDeque};

/// Envelopes about emergencies that are kept.
const MEMORY: usize = 512;

/// Emergencies of one flood.
const FLOOD: u64 = 40;

/// An emergency, with the approvals that were ever heard of it.
type Known = (Raised, BTreeMap<GuardianIndex, Envelope>);

/// What a liar heard of emergencies, and what it wished last.
#[derive(Debug, Default)]
pub(super) struct Intrigue {
    known: BTreeMap<ProposalId, Known>,
    papers: VecDeque<Envelope>,
    wishes: u32,
}

impl Intrigue {
    /// Remembers what it heard. The approval of an emergency that is new.
    pub(super) fn hears(&mut self, event: &Event) -> Option<Message> {
        let (raised, paper) = match event {
            Event::MessageReceived { message: Message::Emergency(raised), envelope, .. } => {
                (Some(raised), envelope)
            }
            Event::MessageReceived { from, message: Message::Vote(vote), envelope } => {
                let (_, approvals) = self.known.get_mut(&vote.proposal)?;
                if vote.decision == Decision::Approve {
                    approvals.insert(*from, envelope.clone());
                }
                (None, envelope)
            }
            Event::MessageReceived {
                message: Message::Cancellation(_) | Message::Wish(_), envelope, ..
            } => (None, envelope),
            Event::EmergencyCertificateReceived { raised, envelope, .. } => (Some(raised), envelope),
            _ => return None,
        };
        self.papers.push_back(paper.clone());
        if self.papers.len() > MEMORY {
            self.papers.pop_front();
        }
        let raised = raised?;
        let id = raised.emergency.id();
        let is_new = !self.known.contains_key(&id);
        self.known.entry(id).or_insert_with(|| (raised.clone(), BTreeMap::new()));
        is_new.then(|| Message::Vote(approval(id)))
    }

    /// What it says unasked in a slot.
    pub(super) fn whispers(
        &mut self,
        me: GuardianIndex,
        lies: &[Lie],
        moment: &Moment<'_>,
        rng: &mut StdRng,
    ) -> Vec<Whisper> {
        let Moment { definition, slot, nonce, .. } = *moment;
        let does = |lie: Lie| lies.contains(&lie);
        let members = definition.guardian_set.threshold.n();
        let mut whispers = Vec::new();
        let mut say = |to: Option<GuardianIndex>, message: Message| {
            whispers.push((to, seal(me, nonce, message)));
        };
        if does(Lie::Provocation) && slot.0 % 6 == 1 {
            let emergency = emergency(moment, Raiser::Guardian { guardian: me }, 0, rng);
            let id = emergency.id();
            say(None, Message::Emergency(Raised { emergency, proof: Proof::Sealed }));
            say(None, Message::Vote(approval(id)));
        }
        if does(Lie::ForgedEmergency) && slot.0 % 5 == 2 {
            let guardian = GuardianIndex(rng.random_range(1..=members));
            let emergency = emergency(moment, Raiser::Guardian { guardian }, 0, rng);
            let id = emergency.id();
            say(None, Message::Emergency(Raised { emergency, proof: Proof::Sealed }));
            say(None, Message::Vote(approval(id)));
        }
        if does(Lie::EmergencyFlood) && slot.0 % 8 == 3 {
            for number in 0..FLOOD {
                let emergency = emergency(moment, Raiser::Guardian { guardian: me }, number, rng);
                say(None, Message::Emergency(Raised { emergency, proof: Proof::Sealed }));
            }
        }
        if does(Lie::FickleWish) && slot.0 % 3 == 0 {
            let paused = self.wishes.is_multiple_of(2);
            let revision = self.wishes;
            self.wishes += 1;
            let guardian_set_epoch = definition.guardian_set.epoch;
            say(None, Message::Wish(Wish { guardian_set_epoch, revision, paused }));
        }
        if let Some((id, (raised, approvals))) = self.pick(rng) {
            if does(Lie::DividedVotes) {
                let no = Vote { decision: Decision::Reject(RejectReason::Operator), ..approval(*id) };
                for number in 1..=members {
                    let vote = if number % 2 == 0 { approval(*id) } else { no.clone() };
                    say(Some(GuardianIndex(number)), Message::Vote(vote));
                }
            }
            if does(Lie::ForgedCancellation) && rng.random_bool(0.3) {
                let cancellation = Cancellation { emergency: *id, proof: Proof::Sealed };
                say(None, Message::Cancellation(cancellation));
            }
            let t = usize::from(definition.guardian_set.threshold.t());
            if does(Lie::StaleCertificate) && approvals.len() + 1 >= t {
                let mut approvals = approvals.clone();
                approvals.insert(me, seal(me, nonce, Message::Vote(approval(*id))));
                let approvals = approvals.into_values().take(t).collect();
                let certificate = EmergencyCertificate { raised: raised.clone(), approvals };
                let to = GuardianIndex(rng.random_range(1..=members));
                say(Some(to), Message::EmergencyCertificate(certificate));
            }
        }
        if does(Lie::OldPapers) && !self.papers.is_empty() {
            whispers.push((None, self.papers[rng.random_range(0..self.papers.len())].clone()));
        }
        whispers
    }

    /// Any emergency it heard of.
    fn pick(&self, rng: &mut StdRng) -> Option<(&ProposalId, &Known)> {
        let place = rng.random_range(0..self.known.len().max(1));
        self.known.iter().nth(place)
    }
}

/// An emergency about anybody, well formed.
fn emergency(moment: &Moment<'_>, raiser: Raiser, number: u64, rng: &mut StdRng) -> Emergency {
    let rules = &moment.definition.emergency;
    let urgent = rng.random_bool(0.5);
    let (severity, window) =
        if urgent { (Severity::Urgent, 0) } else { (Severity::Normal, rules.cancel_window) };
    let first = rng.random_range(0..moment.validators.len());
    let named = moment.validators[first..].iter().take(rng.random_range(1..=8usize));
    let validators: Vec<ValidatorIndex> = named.map(|subject| subject.index).collect();
    let opened = moment.slot.saturating_sub(rng.random_range(0..3));
    Emergency {
        guardian_set_epoch: moment.definition.guardian_set.epoch,
        raiser,
        validators,
        severity,
        reason: format!("a lie, number {number}"),
        opened,
        expires: opened.saturating_add(window + rng.random_range(1..=60)),
    }
}
