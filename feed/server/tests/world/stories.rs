//! Exits of every kind: each begins at its slot, runs its course and ends as its fate says.

use super::{World, bytes, lot, operator, pubkey};
use crypto::exit::VoluntaryExit;
use crypto::keys::KeySetId;
use crypto::spec::{Epoch, Slot, ValidatorIndex};
use crypto::threshold::ShareIndex;
use crypto::validator::ValidatorStatus;
use guardian_core::ceremony::{Blame, CeremonyId, CeremonyStatus, Phase};
use guardian_core::emergency::{Emergency, Raiser, Severity};
use guardian_core::event::PostOutcome;
use guardian_core::guardian_set::{GuardianIndex, GuardianSetEpoch};
use guardian_core::lifecycle::{LifecycleStatus, Step};
use guardian_core::message::{Decision, RejectReason};
use guardian_core::proposal::{ExitProposal, Origin, ProposalId, State};
use guardian_core::status::{
    EmergencyState, EmergencyStatus, Hold, PartialStatus, ProposalStatus, StatusSnapshot, ValidatorHealth,
    VoteStatus,
};
use std::collections::BTreeMap;

/// Slots between the beginnings of two stories.
const APART: u64 = 40;

/// How many stories are told at once.
const TOLD: u64 = 120;

/// How one ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Leaves,
    Refused,
    Unheard,
    Cured,
    Held(Hold),
}

struct Story {
    number: u64,
    begins: Slot,
    fate: Fate,
}

impl Story {
    fn nth(number: u64) -> Self {
        let fate = match number % 10 {
            2 => Fate::Refused,
            4 => Fate::Unheard,
            6 => Fate::Cured,
            8 => Fate::Held(if number % 20 == 8 { Hold::DayCap } else { Hold::Acquitted }),
            _ => Fate::Leaves,
        };
        Self { number, begins: Slot(number * APART), fate }
    }

    fn age(&self, now: Slot) -> u64 {
        now.0.saturating_sub(self.begins.0)
    }

    /// The validator it is about: an active one, another for every story for a long time.
    fn subject<'a>(&self, validators: &'a [ValidatorHealth]) -> Option<(usize, &'a ValidatorHealth)> {
        let count = u64::try_from(validators.len()).unwrap();
        let start = lot("subject", self.number / TOLD, count).wrapping_add(self.number * 7);
        (0..count).find_map(|offset| {
            let place = usize::try_from((start + offset) % count).unwrap();
            let one = &validators[place];
            (one.status == Some(ValidatorStatus::ActiveOngoing)).then_some((place, one))
        })
    }

    fn origin(&self, one: &ValidatorHealth, emergency: ProposalId) -> Origin {
        let due = Epoch(self.begins.0 / 32 - 3);
        match self.number % 5 {
            0 => Origin::Tickets { operator: one.operator.unwrap_or(operator(0)), due },
            1 => Origin::Balance { due },
            3 if self.number % 15 == 3 => Origin::Emergency { emergency, due },
            _ => Origin::Offline { dark_from: due.saturating_sub(224), dark_to: due },
        }
    }

    /// The steps made by now, each with its slot.
    fn steps(&self, now: Slot) -> Vec<(Step, Slot)> {
        let way = [
            (Step::Due, 0),
            (Step::Proposed, 1),
            (Step::Certified, 4),
            (Step::Released, 5),
            (Step::Combined, 7),
            (Step::Accepted, 8),
            (Step::Gossiped, 9),
            (Step::Included, 12),
            (Step::Finalized, 90),
            (Step::Withdrawable, 1_200),
            (Step::Withdrawn, 2_400),
            (Step::Settled, 3_000),
        ];
        let last = match self.fate {
            Fate::Leaves => Step::Settled,
            Fate::Held(_) => Step::Certified,
            Fate::Refused | Fate::Unheard | Fate::Cured => Step::Proposed,
        };
        let made = way.into_iter().filter(|(step, after)| *step <= last && *after <= self.age(now));
        made.map(|(step, after)| (step, self.begins.saturating_add(after))).collect()
    }

    fn state(&self, now: Slot) -> State {
        let age = self.age(now);
        match (self.fate, age) {
            (_, 0..4) => State::Open,
            (Fate::Held(_), _) | (Fate::Leaves, 4..5) => State::Certified,
            (Fate::Leaves, 5..8) => State::Signed,
            (Fate::Leaves, 8..12) => State::Submitted,
            (Fate::Leaves, 12..90) => State::Included,
            (Fate::Leaves, _) => State::Finalized,
            (Fate::Refused, 4..6) | (Fate::Unheard, 4..64) | (Fate::Cured, 4..10) => State::Open,
            (Fate::Refused, _) => State::Rejected,
            (Fate::Unheard, _) => State::Expired,
            (Fate::Cured, _) => State::Moot,
        }
    }

    fn votes(&self, now: Slot) -> Vec<VoteStatus> {
        let refusal = match self.number % 5 {
            0 => RejectReason::Funded,
            1 => RejectReason::Restored,
            _ => RejectReason::AttestedWhileAccused,
        };
        let decision = |guardian: u16| match self.fate {
            Fate::Refused if guardian > 2 => Decision::Reject(refusal),
            Fate::Unheard if guardian > 4 => Decision::Reject(RejectReason::Attesting),
            Fate::Cured if guardian < 3 => Decision::Withdraw(RejectReason::Attesting),
            _ => Decision::Approve,
        };
        // Two of them in one slot.
        let voted = (1u16..).zip([0, 1, 1, 3, 4, 5]).map(|(guardian, after)| VoteStatus {
            guardian: GuardianIndex(guardian),
            decision: decision(guardian),
            at: self.begins.saturating_add(after),
        });
        voted.filter(|vote| vote.at <= now).collect()
    }

    fn partials(&self, released: Option<Slot>, now: Slot) -> Vec<PartialStatus> {
        let Some(released) = released else { return Vec::new() };
        let held = (1u16..).zip([0, 0, 0, 1, 2]).map(|(guardian, after)| PartialStatus {
            guardian: GuardianIndex(guardian),
            at: released.saturating_add(after),
        });
        held.filter(|held| held.at <= now).collect()
    }

    fn tell(&self, one: &ValidatorHealth, now: Slot, emergency: ProposalId) -> ProposalStatus {
        let origin = self.origin(one, emergency);
        let proposal = ExitProposal {
            guardian_set_epoch: GuardianSetEpoch(3),
            pubkey: one.pubkey,
            key_set: KeySetId(bytes("key set", self.number)),
            exit: VoluntaryExit { epoch: origin.due(), validator_index: one.index.unwrap() },
            origin,
            opened: self.begins,
            expires: self.begins.saturating_add(64),
        };
        let state = self.state(now);
        let at = |step| self.steps(now).into_iter().find(|(made, _)| *made == step).map(|(_, slot)| slot);
        let released = at(Step::Released);
        let hold = match self.fate {
            Fate::Held(hold) if state == State::Certified => Some(hold),
            _ => None,
        };
        let accepted = at(Step::Accepted).is_some();
        ProposalStatus {
            id: proposal.id(),
            proposal,
            state,
            hold,
            held_since: hold.map(|_| self.begins.saturating_add(5)),
            hold_ends: hold.map(|hold| hold.ends().to_owned()),
            votes: self.votes(now),
            certified: at(Step::Certified),
            released,
            partials: self.partials(released, now),
            culprits: if self.number % 30 == 3 && released.is_some() {
                vec![ShareIndex::new(6).unwrap()]
            } else {
                Vec::new()
            },
            combined: at(Step::Combined).is_some(),
            submissions: if accepted {
                vec![
                    ("node 1".to_owned(), PostOutcome::Accepted),
                    ("node 2".to_owned(), PostOutcome::AlreadyKnown),
                ]
            } else {
                Vec::new()
            },
            exit_epoch: at(Step::Included).map(|slot| Epoch(slot.0 / 32 + 5)),
        }
    }
}

impl World {
    /// Adds what happens at the status's slot.
    pub(super) fn tell_stories(&self, status: &mut StatusSnapshot) {
        let now = status.slot;
        let emergencies: Vec<EmergencyStatus> = (0..6).map(|number| self.emergency(number, now)).collect();
        let newest = now.0 / APART;
        let told = (newest.saturating_sub(TOLD)..=newest).rev().map(Story::nth);
        for story in told {
            let Some((place, one)) = story.subject(&status.validators) else { continue };
            let index = one.index;
            if status.lifecycles.iter().any(|way: &LifecycleStatus| way.pubkey == one.pubkey) {
                continue;
            }
            let cause = emergencies[usize::try_from(story.number % 6).unwrap()].id;
            let proposal = story.tell(one, now, cause);
            let steps = story.steps(now);
            let over = matches!(proposal.state, State::Rejected | State::Expired | State::Moot);
            if !over {
                let included = steps.iter().find(|(step, _)| *step == Step::Included).map(|(_, slot)| *slot);
                status.lifecycles.push(LifecycleStatus {
                    pubkey: pubkey_of(index),
                    proposal: Some(proposal.id),
                    accepted_by: None,
                    included_in: included,
                    withdrawable: included.map(|slot| Epoch(slot.0 / 32 + 5 + 256)),
                    late: (story.number % 50 == 1).then_some((Step::Withdrawn, now.saturating_sub(3))),
                    steps: steps.clone(),
                });
                let validator = &mut status.validators[place];
                if included.is_some() {
                    validator.status = Some(match story.age(now) {
                        0..160 => ValidatorStatus::ActiveExiting,
                        160..1_200 => ValidatorStatus::ExitedUnslashed,
                        1_200..2_400 => ValidatorStatus::WithdrawalPossible,
                        _ => ValidatorStatus::WithdrawalDone,
                    });
                }
            }
            status.proposals.push(proposal);
        }
        status.emergencies = emergencies;
        status.ceremonies = vec![ceremony(1, now, Phase::Dealing), ceremony(2, now, Phase::Open)];
    }

    fn emergency(&self, number: u64, now: Slot) -> EmergencyStatus {
        let opened = now.saturating_sub(now.0 % 500 + 200 + number * 40);
        let count = u64::try_from(self.validators.len()).unwrap().min(3);
        let state = [
            EmergencyState::Open,
            EmergencyState::Certified,
            EmergencyState::Done,
            EmergencyState::Rejected,
            EmergencyState::Expired,
            EmergencyState::Cancelled,
        ][usize::try_from(number % 6).unwrap()];
        let emergency = Emergency {
            guardian_set_epoch: GuardianSetEpoch(3),
            raiser: match number % 3 {
                0 => Raiser::Guardian { guardian: GuardianIndex(2) },
                1 => Raiser::Account { proposer: operator(900) },
                _ => Raiser::Contract { proposer: operator(901), number },
            },
            validators: (0..count).map(|one| ValidatorIndex(1_000_000 + number * 3 + one)).collect(),
            severity: if number.is_multiple_of(2) { Severity::Normal } else { Severity::Urgent },
            reason: "the operator lost its signing keys <and says so> & asks for help".to_owned(),
            opened,
            expires: opened.saturating_add(7_200),
        };
        let voters = if state == EmergencyState::Open { 2 } else { 6 };
        let refused = state == EmergencyState::Rejected;
        EmergencyStatus {
            id: emergency.id(),
            certifiable_from: emergency.certifiable_from(&self.definition.emergency),
            raised: opened.saturating_add(1),
            emergency,
            state,
            votes: (1..=voters)
                .map(|one| {
                    let refusal = Decision::Reject(RejectReason::Operator);
                    VoteStatus {
                        guardian: GuardianIndex(one),
                        decision: if refused && one > 2 { refusal } else { Decision::Approve },
                        at: opened.saturating_add(u64::from(one) * 2),
                    }
                })
                .collect(),
            own: None,
            note: None,
            certified: matches!(state, EmergencyState::Certified | EmergencyState::Done)
                .then(|| opened.saturating_add(150)),
            exits: BTreeMap::from([
                ("waiting".to_owned(), 1),
                ("finalized".to_owned(), count.saturating_sub(1)),
            ]),
        }
    }
}

fn pubkey_of(index: Option<ValidatorIndex>) -> crypto::spec::BlsPubkey {
    pubkey(index.unwrap().0 - 1_000_000)
}

fn ceremony(number: u64, now: Slot, phase: Phase) -> CeremonyStatus {
    let names = |count: usize| super::NAMES.iter().take(count).map(|name| (*name).to_owned()).collect();
    CeremonyStatus {
        id: CeremonyId(bytes("ceremony", number)),
        kind: "succession".to_owned(),
        changes: vec!["adds delta".to_owned(), "removes west".to_owned()],
        keys: 1_000,
        raiser: GuardianIndex(1),
        opened: now.saturating_sub(300 * number),
        expires: now.saturating_add(7_200),
        phase,
        own: None,
        agreed: names(5),
        needed: 5,
        rejected: Vec::new(),
        dealt: names(4),
        collected: Vec::new(),
        progress: None,
        proven: names(2),
        endorsed: Vec::new(),
        destroyed: Vec::new(),
        awaited: vec!["summit".to_owned()],
        blamed: vec![("meadow".to_owned(), Blame::InvalidDealing)],
        result: None,
        outcome: None,
    }
}

impl World {
    /// What the log tells of one slot, without record and slot.
    pub fn happened(&self, slot: Slot) -> Vec<serde_json::Value> {
        use serde_json::json;
        let status = self.status(slot);
        let mut facts = Vec::new();
        for one in &status.proposals {
            let id = one.id;
            match slot.0.saturating_sub(one.proposal.opened.0) {
                0 => facts.push(json!({"kind": "proposal", "proposal": id, "content": one.proposal})),
                1..=6 => {
                    let arrived = one.votes.iter().filter(|vote| vote.at == slot);
                    facts.extend(arrived.map(|vote| {
                        json!({"kind": "vote", "guardian": vote.guardian, "proposal": id, "revision": 0,
                            "decision": vote.decision, "sealed": ""})
                    }));
                }
                7 => facts.push(json!({"kind": "moved", "proposal": id, "state": one.state})),
                12 | 90 => facts.push(json!({"kind": "moved", "proposal": id, "state": one.state})),
                _ => {}
            }
        }
        if facts.is_empty() {
            facts.push(json!({"kind": "heard", "guardians": 6}));
        }
        facts
    }
}
