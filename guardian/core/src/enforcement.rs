//! Enforcement: how far we go by each rule. The definition allows, our operator may allow less, and a rule is enforced only
//! when t guardians say that they do: a rule can be staged, guardian by guardian.
//!
//! # Design decisions
//! - Heartbeats tell, and nothing is journaled: what is lately enforced is asked anew after a restart.
//! - A liar that says it enforces a rule takes nobody further: to sign, t guardians have to do so themselves.

use crate::guardian::Guardian;
use crate::judgement::RULES;
use crate::message::Enforces;
use crate::policy::Enforcement;
use crate::proposal::RuleKind;
use crate::status::EnforcementStatus;
use std::collections::BTreeMap;

/// Epochs for which a heartbeat tells what its author enforces.
const RECENT_EPOCHS: u64 = 3;

impl Guardian {
    /// How far we go by a rule: as far as both the definition and our operator allow.
    pub(crate) fn enforcement(&self, kind: RuleKind) -> Enforcement {
        let ours = match kind {
            RuleKind::Offline => self.settings.offline,
            RuleKind::Tickets => self.settings.tickets,
            RuleKind::Balance => self.settings.balance,
            RuleKind::Emergency => self.settings.emergency,
        };
        ours.min(self.definition.policy.enforcement(kind))
    }

    /// Whether we propose and approve by a rule: we enforce it, and at least t guardians, ourselves included, lately said
    /// that they do. What fewer than t enforce could not be signed, and would only open proposals.
    pub(crate) fn is_staged(&self, kind: RuleKind) -> bool {
        let threshold = self.definition.guardian_set.threshold;
        self.enforcement(kind) == Enforcement::Enforce && threshold.met_by(self.enforcing(kind))
    }

    /// How many guardians enforce a rule: ourselves, and the others by a heartbeat of the last [`RECENT_EPOCHS`].
    fn enforcing(&self, kind: RuleKind) -> usize {
        let (slot, epoch) = (self.view.slot(), self.definition.chain.slots_per_epoch.get());
        let patience = epoch.saturating_mul(RECENT_EPOCHS);
        let others = self.definition.guardian_set.members.iter().filter(|member| {
            let peer = self.roster.peer(member.index).filter(|_| member.index != self.me);
            peer.and_then(|peer| peer.heartbeat.as_ref()).is_some_and(|(heard, heartbeat)| {
                heard.saturating_add(patience) >= slot && heartbeat.enforces.includes(kind)
            })
        });
        others.count().saturating_add(usize::from(self.enforcement(kind) == Enforcement::Enforce))
    }

    /// By which rules we vote and sign, as we tell the others.
    pub(crate) fn enforces(&self) -> Enforces {
        let is_enforced = |kind| self.enforcement(kind) == Enforcement::Enforce;
        Enforces {
            offline: is_enforced(RuleKind::Offline),
            tickets: is_enforced(RuleKind::Tickets),
            balance: is_enforced(RuleKind::Balance),
            emergency: is_enforced(RuleKind::Emergency),
        }
    }

    /// How far we go by each rule, by its code, and how many guardians enforce it.
    pub(crate) fn enforcement_status(&self) -> BTreeMap<String, EnforcementStatus> {
        let status = |kind: RuleKind| EnforcementStatus {
            definition: self.definition.policy.enforcement(kind),
            here: self.enforcement(kind),
            enforcing: u16::try_from(self.enforcing(kind)).unwrap_or(u16::MAX),
        };
        let kinds = RULES.into_iter().chain([RuleKind::Emergency]);
        kinds.map(|kind| (kind.code().to_owned(), status(kind))).collect()
    }
}

impl Enforces {
    /// Whether a rule is among them.
    fn includes(self, kind: RuleKind) -> bool {
        match kind {
            RuleKind::Offline => self.offline,
            RuleKind::Tickets => self.tickets,
            RuleKind::Balance => self.balance,
            RuleKind::Emergency => self.emergency,
        }
    }
}

#[cfg(test)]
mod tests;
