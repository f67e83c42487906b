//! Watches the chain and what the guardians show, and says what is new since it last looked.

use super::fact::Fact;
use super::journal;
use crate::chain::view::View;
use crate::narrator::CHAIN;
use crate::processes::Guardians;
use crypto::spec::{Epoch, FAR_FUTURE_EPOCH, Slot, ValidatorIndex};
use guardian_core::event::PostOutcome;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::proposal::{Origin, ProposalId, State};
use guardian_core::status::{ProposalStatus, StatusSnapshot};
use std::collections::HashSet;

/// Something new: at which slot, about whom, what.
pub(super) struct News {
    pub(super) slot: Slot,
    pub(super) who: Vec<String>,
    pub(super) fact: Fact,
}

/// What was told already. Grows with the facts of one story, which are a few dozen.
pub(super) struct Witness {
    validator: ValidatorIndex,
    due: u64,
    names: Vec<String>,
    /// Keys of told facts: the fact with its guardian where each guardian's is told once.
    told: HashSet<String>,
    /// The proposal of the story, once there is one.
    proposal: Option<ProposalId>,
    finalized: Option<Epoch>,
    accepted: usize,
    /// The end of the story: slot of inclusion, exit epoch, finalized epoch.
    pub(super) included: Option<(Slot, Epoch)>,
    pub(super) exit_finalized: Option<Epoch>,
    pub(super) approvals: Vec<String>,
    pub(super) partials: Vec<String>,
    settled: HashSet<String>,
}

impl Witness {
    pub(super) fn new(validator: ValidatorIndex, due: u64, guardians: &Guardians) -> Self {
        Self {
            validator,
            due,
            names: (0..guardians.len()).map(|index| guardians.name(index).to_owned()).collect(),
            told: HashSet::new(),
            proposal: None,
            finalized: None,
            accepted: 0,
            included: None,
            exit_finalized: None,
            approvals: Vec::new(),
            partials: Vec::new(),
            settled: HashSet::new(),
        }
    }

    /// The proposal of the story, once there is one.
    pub(super) fn proposal(&self) -> Option<ProposalId> {
        self.proposal
    }

    /// Whether every guardian is connected to every other and has seen the validator attest.
    pub(super) fn is_set(&self, statuses: &[Option<StatusSnapshot>]) -> bool {
        statuses.iter().all(|status| {
            status.as_ref().is_some_and(|status| {
                status.peers.iter().all(|peer| peer.connected)
                    && status
                        .validators
                        .iter()
                        .any(|v| v.index == Some(self.validator) && v.last_live.is_some())
            })
        })
    }

    /// Whether the exit is finalized and every guardian has seen it.
    pub(super) fn is_over(&self) -> bool {
        self.exit_finalized.is_some() && self.settled.len() == self.names.len()
    }

    /// What has to happen next.
    pub(super) fn waiting_for(&self) -> &'static str {
        if self.exit_finalized.is_some() {
            "every guardian to see the exit finalized"
        } else if self.included.is_some() {
            "the chain to finalize the exit"
        } else if self.accepted > 0 {
            "a block with the exit"
        } else if !self.partials.is_empty() {
            "enough partial signatures, and the exit to be posted"
        } else if self.proposal.is_some() {
            "enough votes and the release"
        } else {
            "finality to cover the dark epochs"
        }
    }

    /// Everything new, in an order in which it can have happened: the chain was looked at once before the guardians
    /// were asked, for what follows from their deeds, and once after, for what their words follow from.
    pub(super) fn look(
        &mut self,
        before: &View,
        view: &View,
        statuses: &[Option<StatusSnapshot>],
        guardians: &Guardians,
    ) -> Vec<News> {
        let mut facts = Vec::new();
        self.look_at_finality(view, &mut facts);
        self.look_at_peers(statuses, &mut facts);
        self.look_at_validator(statuses, &mut facts);
        self.look_at_proposal(statuses, guardians, &mut facts);
        self.look_at_exit(before, &mut facts);
        self.look_at_exit_finality(view, &mut facts);
        self.look_at_settlement(statuses, &mut facts);
        let slot = view.head().slot;
        facts.into_iter().map(|(who, fact)| News { slot, who, fact }).collect()
    }

    /// Guardians for which `test` holds and this was not told of yet.
    fn first_time(
        &mut self,
        what: &str,
        statuses: &[Option<StatusSnapshot>],
        test: impl Fn(&StatusSnapshot) -> bool,
    ) -> Vec<String> {
        let mut who = Vec::new();
        for (name, status) in self.names.iter().zip(statuses) {
            if status.as_ref().is_some_and(&test) && self.told.insert(format!("{what} {name}")) {
                who.push(name.clone());
            }
        }
        who
    }

    fn look_at_finality(&mut self, view: &View, facts: &mut Vec<(Vec<String>, Fact)>) {
        let epoch = view.finalized().epoch;
        if self.finalized.is_some_and(|told| told < epoch) && self.included.is_none() {
            facts.push((chain(), Fact::Finalized { epoch }));
        }
        self.finalized = Some(epoch);
    }

    fn look_at_peers(&mut self, statuses: &[Option<StatusSnapshot>], facts: &mut Vec<(Vec<String>, Fact)>) {
        let who =
            self.first_time("connected", statuses, |status| status.peers.iter().all(|peer| peer.connected));
        push(facts, who, Fact::Connected);
        let codes: Vec<(String, Fact)> = self
            .names
            .iter()
            .zip(statuses)
            .filter_map(|(name, status)| Some((name, status.as_ref()?)))
            .flat_map(|(name, status)| {
                status.faults.iter().map(|fault| {
                    let guardian = self.name_of(fault.guardian);
                    (name.clone(), Fact::Fault { guardian, code: fault.kind.code() })
                })
            })
            .collect();
        for (name, fact) in codes {
            if self.told.insert(format!("{fact:?} {name}")) {
                facts.push((vec![name], fact));
            }
        }
    }

    fn look_at_validator(
        &mut self,
        statuses: &[Option<StatusSnapshot>],
        facts: &mut Vec<(Vec<String>, Fact)>,
    ) {
        let validator = self.validator;
        let health =
            |status: &StatusSnapshot| status.validators.iter().find(|v| v.index == Some(validator)).cloned();
        let who = self.first_time("live", statuses, |s| health(s).is_some_and(|v| v.last_live.is_some()));
        push(facts, who, Fact::SeenLive { validator });
        for epochs in 1..=self.due {
            let who = self.first_time(&format!("dark {epochs}"), statuses, |status| {
                health(status).is_some_and(|v| v.dark_epochs >= epochs)
            });
            push(facts, who, Fact::SeenDark { validator, epochs, due: self.due });
        }
    }

    fn look_at_proposal(
        &mut self,
        statuses: &[Option<StatusSnapshot>],
        guardians: &Guardians,
        facts: &mut Vec<(Vec<String>, Fact)>,
    ) {
        let validator = self.validator;
        let find = |status: &StatusSnapshot| -> Option<ProposalStatus> {
            status.proposals.iter().find(|p| p.proposal.exit.validator_index == validator).cloned()
        };
        let seen: Vec<ProposalStatus> = statuses.iter().flatten().filter_map(find).collect();
        let Some(first) = seen.first() else { return };
        if self.proposal.is_none() {
            self.proposal = Some(first.id);
            let (dark_from, dark_to) = match first.proposal.origin {
                Origin::Offline { dark_from, dark_to } => (dark_from, dark_to),
                Origin::Tickets { due, .. } | Origin::Balance { due } | Origin::Emergency { due, .. } => {
                    (due, due)
                }
            };
            let exit_epoch = first.proposal.exit.epoch;
            let fact = Fact::Proposed { proposal: first.id, validator, dark_from, dark_to, exit_epoch };
            // The one whose log names it first; by its status alone, whoever shows it.
            let proposer = journal::first_to_mention(guardians, &first.id.to_string())
                .or_else(|| statuses.iter().position(|status| status.as_ref().and_then(find).is_some()));
            facts.push((proposer.map(|index| guardians.name(index).to_owned()).into_iter().collect(), fact));
        }
        for vote in seen.iter().flat_map(|p| p.votes.iter()) {
            let (name, decision) = (self.name_of(vote.guardian), vote.decision);
            if self.told.insert(format!("vote {decision:?} {name}")) {
                if decision == guardian_core::message::Decision::Approve {
                    self.approvals.push(name.clone());
                }
                merge(facts, name, Fact::Voted { decision });
            }
        }
        let threshold = statuses.iter().flatten().next().map_or(0, |status| status.threshold.t());
        let proposal = |status: &StatusSnapshot, test: &dyn Fn(&ProposalStatus) -> bool| {
            find(status).is_some_and(|p| test(&p))
        };
        let who = self.first_time("certified", statuses, |s| proposal(s, &|p| p.certified.is_some()));
        push(facts, who, Fact::Certified { threshold });
        for hold in seen.iter().filter_map(|p| p.hold).collect::<HashSet<_>>() {
            let who =
                self.first_time(&format!("{hold:?}"), statuses, |s| proposal(s, &|p| p.hold == Some(hold)));
            push(facts, who, Fact::Held { hold });
        }
        for held in seen.iter().flat_map(|p| p.partials.iter()) {
            let name = self.name_of(held.guardian);
            if self.told.insert(format!("partial {name}")) {
                self.partials.push(name.clone());
                merge(facts, name, Fact::PartialReleased);
            }
        }
        for culprits in seen.iter().map(|p| p.culprits.len()).collect::<HashSet<_>>() {
            let combined = |p: &ProposalStatus| p.combined && p.culprits.len() == culprits;
            let who = self.first_time("combined", statuses, |s| proposal(s, &combined));
            push(facts, who, Fact::Combined { culprits });
        }
        for (name, status) in self.names.clone().into_iter().zip(statuses) {
            let Some(found) = status.as_ref().and_then(find) else { continue };
            for (node, outcome) in found.submissions {
                let outcome = words(&outcome);
                if self.told.insert(format!("posted {name} {node} {outcome}")) {
                    facts.push((vec![name.clone()], Fact::Posted { node, outcome }));
                }
            }
        }
    }

    fn look_at_exit(&mut self, view: &View, facts: &mut Vec<(Vec<String>, Fact)>) {
        let validator = self.validator;
        let Some(exit) = view.exits().iter().find(|exit| exit.signed.message.validator_index == validator)
        else {
            return;
        };
        if let Some(new) = exit.nodes.get(self.accepted..).filter(|new| !new.is_empty()) {
            facts.push((chain(), Fact::Accepted { nodes: new.to_vec() }));
            self.accepted = exit.nodes.len();
        }
        let exit_epoch = view.head().validator(validator).map_or(FAR_FUTURE_EPOCH, |v| v.exit_epoch);
        if let (None, Some(slot)) = (self.included, exit.included) {
            self.included = Some((slot, exit_epoch));
            facts.push((chain(), Fact::Included { slot, validator, exit_epoch }));
        }
    }

    fn look_at_exit_finality(&mut self, view: &View, facts: &mut Vec<(Vec<String>, Fact)>) {
        let validator = self.validator;
        let finalized = view.state_of(view.finalized()).and_then(|state| state.validator(validator));
        if self.exit_finalized.is_none() && finalized.is_some_and(|v| v.exit_epoch != FAR_FUTURE_EPOCH) {
            let epoch = view.finalized().epoch;
            self.exit_finalized = Some(epoch);
            facts.push((chain(), Fact::ExitFinalized { validator, epoch }));
        }
    }

    fn look_at_settlement(
        &mut self,
        statuses: &[Option<StatusSnapshot>],
        facts: &mut Vec<(Vec<String>, Fact)>,
    ) {
        let wanted = self.proposal;
        let who = self.first_time("settled", statuses, |status| {
            status.proposals.iter().any(|p| Some(p.id) == wanted && p.state == State::Finalized)
        });
        self.settled.extend(who.iter().cloned());
        push(facts, who, Fact::Settled);
    }

    fn name_of(&self, guardian: GuardianIndex) -> String {
        let position = usize::from(guardian.0).checked_sub(1);
        position
            .and_then(|position| self.names.get(position).cloned())
            .unwrap_or_else(|| guardian.0.to_string())
    }
}

fn chain() -> Vec<String> {
    vec![CHAIN.to_owned()]
}

fn push(facts: &mut Vec<(Vec<String>, Fact)>, who: Vec<String>, fact: Fact) {
    if !who.is_empty() {
        facts.push((who, fact));
    }
}

/// Adds a name to the fact when it is among the new ones already.
fn merge(facts: &mut Vec<(Vec<String>, Fact)>, name: String, fact: Fact) {
    match facts.iter_mut().find(|(_, known)| *known == fact) {
        Some((who, _)) => who.push(name),
        None => facts.push((vec![name], fact)),
    }
}

fn words(outcome: &PostOutcome) -> String {
    match outcome {
        PostOutcome::Accepted => "accepted".into(),
        PostOutcome::AlreadyKnown => "already known".into(),
        PostOutcome::Rejected(text) => format!("rejected ({text})"),
        PostOutcome::Unreachable(text) => format!("unreachable ({text})"),
    }
}
