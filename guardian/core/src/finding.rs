//! Findings: what our own view says of the validators that an emergency names.

use crate::emergency::{Emergency, Refusal};
use crate::evidence::Evidence;
use crate::forecast::Target;
use crate::guardian::Guardian;
use crate::proposal::Subject;
use crate::registry::Mandate;
use crate::rule::is_exitable;
use crypto::spec::{BlsPubkey, ValidatorIndex};
use crypto::validator::Validator;

impl Guardian {
    /// A validator by its index, with the split that we hold a share of.
    pub(crate) fn subject(&self, index: ValidatorIndex) -> Option<Subject> {
        let pubkey = *self.view.pubkey_of(index)?;
        let key_set = self.view.custody(&pubkey)?.key_set;
        Some(Subject { pubkey, key_set, index })
    }

    /// Whether a validator is leaving already, as far as our view shows.
    pub(crate) fn is_leaving(&self, index: ValidatorIndex) -> bool {
        let watched = self.view.pubkey_of(index).and_then(|pubkey| self.view.validator(pubkey));
        watched.is_some_and(|watched| {
            let states = [watched.at_head, watched.at_finalized];
            states.into_iter().flatten().any(|validator: Validator| validator.is_exiting())
        })
    }

    /// Whether who raised an emergency may ask for this validator: a proposer may be bound to operators and modules.
    pub(crate) fn is_in_scope(&self, emergency: &Emergency, pubkey: &BlsPubkey) -> bool {
        let Some(account) = emergency.raiser.account() else { return true };
        let Some(proposer) = self.definition.emergency.proposer(&account) else { return false };
        if proposer.operators.is_empty() && proposer.modules.is_empty() {
            return true;
        }
        let registry = self.protocol.registry();
        let is_theirs = registry.payer(pubkey).is_some_and(|operator| proposer.operators.contains(&operator));
        let is_of_module = registry.live(pubkey).is_some_and(|id| proposer.modules.contains(&id.module));
        is_theirs || is_of_module
    }

    /// What we see of each validator of an emergency, in order.
    pub(crate) fn findings(&self, emergency: &Emergency) -> Vec<Target> {
        let exits = self.agenda.get(&emergency.id()).map(|matter| &matter.exits);
        let finding = |index: &ValidatorIndex| {
            let pubkey = self.view.pubkey_of(*index).copied();
            let watched = pubkey.as_ref().and_then(|pubkey| self.view.validator(pubkey));
            Target {
                index: *index,
                pubkey,
                operator: pubkey.as_ref().and_then(|pubkey| self.protocol.registry().payer(pubkey)),
                balance: watched.and_then(|watched| watched.at_finalized).map(|validator| validator.balance),
                problem: self.problem(emergency, *index),
                proposal: exits.and_then(|exits| exits.get(index)).copied(),
            }
        };
        emergency.validators.iter().map(finding).collect()
    }

    /// Why a validator cannot be made to exit by an emergency now; None when it can.
    fn problem(&self, emergency: &Emergency, index: ValidatorIndex) -> Option<Refusal> {
        let nodes = self.view.nodes();
        let is_blind = nodes.healthy == 0 || nodes.disagree || self.view.finalized().is_none();
        // Before the first tick nobody knows when it is, and what is raised would be long over.
        if is_blind || !self.view.has_begun() {
            return Some(Refusal::ViewUnknown);
        }
        let Some(subject) = self.subject(index) else { return Some(Refusal::UnknownValidator) };
        if self.is_leaving(index) {
            return Some(Refusal::AlreadyExiting);
        }
        let Some((_, at_finalized, at_head)) = self.view.states(&subject.pubkey) else {
            return Some(Refusal::ViewUnknown);
        };
        if !self.is_in_scope(emergency, &subject.pubkey) {
            return Some(Refusal::OutOfScope);
        }
        let chain = &self.definition.chain;
        let current = chain.epoch_of(self.view.slot());
        let is_mandated = matches!(
            self.protocol.registry().mandate(&subject.pubkey),
            Mandate::Unregistered | Mandate::Active
        );
        let is_ready = is_exitable(at_finalized, at_head, chain.shard_committee_period, current);
        (!is_mandated || !is_ready).then_some(Refusal::NotExitable)
    }

    /// Whether our view confirms every validator of an emergency.
    pub(crate) fn is_confirmed(&self, emergency: &Emergency) -> bool {
        emergency.validators.iter().all(|index| self.problem(emergency, *index).is_none())
    }

    /// What we saw when we decided on an emergency.
    pub(crate) fn evidence_of(&self, emergency: &Emergency) -> Evidence {
        let confirmed =
            emergency.validators.iter().filter(|index| self.problem(emergency, **index).is_none()).count();
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Evidence {
            nodes: self.view.nodes(),
            head: self.view.head(),
            finalized: self.view.finalized(),
            at_finalized: None,
            at_head: None,
            last_live: None,
            last_dark: None,
            account: None,
            confirmed: Some((number(confirmed), number(emergency.validators.len()))),
        }
    }
}
