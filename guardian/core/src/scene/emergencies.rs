//! Emergencies, for tests: asked for, heard of, voted on.

use super::{ME, Scene, definition, envelope};
use crate::command::Command;
use crate::emergency::{Emergency, Proof, Raised, Raiser, Severity};
use crate::event::Event;
use crate::guardian_set::{GuardianIndex, GuardianSetEpoch, NetworkDefinition};
use crate::message::{Decision, Message};
use crate::proposal::ProposalId;
use crate::request::{Answer, AskId, OperatorName, Request, Selection, ValidatorName};
use crate::status::{EmergencyState, EmergencyStatus};
use crypto::spec::{Slot, ValidatorIndex};

/// Where these scenes begin: start of epoch 10.
pub(crate) const NOW: Slot = Slot(40);

/// Who asks in these scenes.
pub(crate) fn operator() -> OperatorName {
    OperatorName { uid: 1000, name: "olga".to_owned() }
}

/// A definition whose caps let all of a scene's validators go, with a cancel window of 8 slots.
pub(crate) fn roomy() -> NetworkDefinition {
    let mut definition = definition();
    definition.caps.exits_per_epoch = 6;
    definition.caps.exits_per_day = 6;
    definition.caps.exits_per_operator_per_day = 6;
    definition.caps.exits_per_module_per_day = 6;
    definition.caps.max_share_percent_per_day = 100;
    definition.emergency.cancel_window = 8;
    definition
}

/// An emergency of a guardian about these validators.
pub(crate) fn emergency(from: GuardianIndex, validators: &[u64], severity: Severity) -> Emergency {
    Emergency {
        guardian_set_epoch: GuardianSetEpoch(0),
        raiser: Raiser::Guardian { guardian: from },
        validators: validators.iter().copied().map(ValidatorIndex).collect(),
        severity,
        reason: "keys were stolen".to_owned(),
        opened: NOW,
        expires: Slot(NOW.0 + 100),
    }
}

pub(crate) fn sealed(emergency: &Emergency) -> Raised {
    Raised { emergency: emergency.clone(), proof: Proof::Sealed }
}

/// The request to raise an emergency about these validators.
pub(crate) fn proposing(validators: &[u64], severity: Severity) -> Request {
    let names = validators.iter().copied().map(ValidatorIndex).map(ValidatorName::Index);
    Request::Propose {
        selection: Selection::Validators(names.collect()),
        severity,
        reason: "keys were stolen".to_owned(),
        lifetime: 100,
        dry_run: false,
    }
}

impl Scene {
    /// Our guardian at [`NOW`] on a network with room, five validators well and on duty.
    pub(crate) fn calm() -> Self {
        Self::calm_with(roomy())
    }

    /// As [`Scene::calm`], on a network of one's own.
    pub(crate) fn calm_with(definition: NetworkDefinition) -> Self {
        let mut scene = Self::with(definition, 5);
        scene.slot(NOW.0 - 1);
        (5..9).for_each(|epoch| scene.liveness(epoch, true));
        scene.observe(NOW, &[]);
        scene.slot(NOW.0);
        scene.take();
        scene
    }

    /// Asks in our operator's name.
    pub(crate) fn ask(&mut self, request: Request) -> Answer {
        let before = self.commands.len();
        self.feed(Event::OperatorAsked { ask: AskId(7), by: operator(), request });
        let answers = self.commands.iter().skip(before).filter_map(|command| match command {
            Command::Answer { ask: AskId(7), answer } => Some((**answer).clone()),
            _ => None,
        });
        let answers: Vec<_> = answers.collect();
        let [answer] = &answers[..] else { panic!("one answer, not {answers:?}") };
        answer.clone()
    }

    /// Raises an emergency in our name.
    pub(crate) fn raise(&mut self, validators: &[u64], severity: Severity) -> ProposalId {
        match self.ask(proposing(validators, severity)) {
            Answer::Raised { emergency, known: false, .. } => emergency,
            other => panic!("not raised: {other:?}"),
        }
    }

    /// Another guardian raises an emergency, and approves it.
    pub(crate) fn hear_emergency(&mut self, emergency: &Emergency) -> ProposalId {
        let Raiser::Guardian { guardian } = emergency.raiser else { panic!("a guardian's") };
        self.hear(guardian, Message::Emergency(sealed(emergency)));
        emergency.id()
    }

    /// Approvals by these guardians.
    pub(crate) fn approved_by(&mut self, id: ProposalId, guardians: &[GuardianIndex]) {
        guardians.iter().for_each(|guardian| self.hear_vote(*guardian, id, 0, Decision::Approve));
    }

    pub(crate) fn approve(&mut self, id: ProposalId) -> Answer {
        self.ask(Request::Approve { emergency: id, note: "looked at it".to_owned() })
    }

    pub(crate) fn emergency(&self, id: ProposalId) -> Option<EmergencyStatus> {
        self.guardian.status().emergencies.into_iter().find(|status| status.id == id)
    }

    pub(crate) fn emergency_state(&self, id: ProposalId) -> Option<EmergencyState> {
        self.emergency(id).map(|status| status.state)
    }

    /// How many of our exits are ordered to be signed among the commands since the last [`Scene::take`].
    pub(crate) fn signed(&mut self) -> Vec<u64> {
        let commands = self.take();
        let mut indices: Vec<_> =
            super::orders(&commands).iter().map(|order| order.exit().validator_index.0).collect();
        indices.sort_unstable();
        indices
    }

    /// A certificate of an emergency by these approvals, from one guardian.
    pub(crate) fn hear_certificate(&mut self, from: GuardianIndex, raised: Raised, by: &[GuardianIndex]) {
        let proposal = raised.emergency.id();
        let vote = crate::message::Vote { proposal, revision: 0, decision: Decision::Approve };
        let approvals =
            by.iter().map(|guardian| (*guardian, vote.clone(), envelope(*guardian, 200))).collect();
        let envelope = envelope(from, 201);
        self.feed(Event::EmergencyCertificateReceived { from, raised, approvals, envelope });
    }
}

/// We, in a scene that is ours.
pub(crate) const OURS: Raiser = Raiser::Guardian { guardian: ME };
