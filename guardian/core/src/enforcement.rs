//! Enforcement: how far we go by each rule. The definition allows, our operator may allow less, and a rule is enforced only
//! when t guardians say that they do: a rule can be staged, guardian by guardian.

use crate::guardian::Guardian;
use crate::policy::Enforcement;
use crate::proposal::RuleKind;
use crate::status::EnforcementStatus;
use std::collections::BTreeMap;

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

    /// What of it is shown, by the rule's code.
    pub(crate) fn enforcement_status(&self) -> BTreeMap<String, EnforcementStatus> {
        BTreeMap::new()
    }
}
