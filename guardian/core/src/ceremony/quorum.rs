//! Who does what in a ceremony, and how many of them are enough.

use super::{Digest, Kind, Order};
use crate::guardian_set::{GuardianIndex, NetworkDefinition};
use crate::signing::Matter;
use crate::statement::PeerName;
use crypto::group_key::{self, GroupSignature};
use crypto::threshold::Threshold;

/// The members of a ceremony by their parts in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cast<'a> {
    pub(crate) order: &'a Order,
    /// The definition whose members deal.
    pub(crate) current: &'a NetworkDefinition,
}

impl<'a> Cast<'a> {
    pub(crate) fn next(&self) -> &'a NetworkDefinition {
        self.order.next(self.current)
    }

    /// The member's index in the set that deals.
    pub(crate) fn dealer(&self, peer: &PeerName) -> Option<GuardianIndex> {
        self.current.index_of(peer)
    }

    /// The member's index in the set that will hold the result.
    pub(crate) fn holder(&self, peer: &PeerName) -> Option<GuardianIndex> {
        self.next().index_of(peer)
    }

    pub(crate) fn is_party(&self, peer: &PeerName) -> bool {
        self.dealer(peer).is_some() || self.holder(peer).is_some()
    }

    /// Whether this member of the current set may deal.
    pub(crate) fn may_deal(&self, dealer: GuardianIndex) -> bool {
        match &self.order.kind {
            Kind::Repair { helpers, .. } => helpers.contains(&dealer),
            Kind::GroupKey | Kind::ValidatorKeys { .. } | Kind::Succession { .. } => {
                self.current.member(dealer).is_ok()
            }
        }
    }

    /// Who gets shares of the dealings.
    pub(crate) fn receivers(&self) -> Vec<GuardianIndex> {
        match &self.order.kind {
            Kind::Repair { helpers, .. } => helpers.clone(),
            Kind::GroupKey | Kind::ValidatorKeys { .. } | Kind::Succession { .. } => {
                self.next().guardian_set.members.iter().map(|member| member.index).collect()
            }
        }
    }

    /// Whether this member gets shares of the dealings.
    pub(crate) fn receives(&self, peer: &PeerName) -> bool {
        self.holder(peer).is_some_and(|holder| self.receivers().contains(&holder))
    }

    /// Whether this member proves that it holds the result.
    pub(crate) fn proves(&self, peer: &PeerName) -> bool {
        self.holder(peer).is_some_and(|holder| self.provers().contains(&holder))
    }

    /// Who proves that it holds the result.
    pub(crate) fn provers(&self) -> Vec<GuardianIndex> {
        match &self.order.kind {
            Kind::Repair { lost, .. } => vec![*lost],
            Kind::GroupKey | Kind::ValidatorKeys { .. } | Kind::Succession { .. } => self.receivers(),
        }
    }

    /// How many members of the current set must agree before anybody deals.
    pub(crate) fn agreement(&self) -> usize {
        let threshold = self.current.guardian_set.threshold;
        match &self.order.kind {
            Kind::GroupKey | Kind::ValidatorKeys { .. } => threshold.n().into(),
            Kind::Succession { .. } => quorum(threshold),
            Kind::Repair { helpers, .. } => helpers.len(),
        }
    }

    /// Whether, with so many who may count refusing, it can begin no more.
    pub(crate) fn is_refused(&self, refusals: usize) -> bool {
        let all = match &self.order.kind {
            Kind::Repair { helpers, .. } => helpers.len(),
            Kind::GroupKey | Kind::ValidatorKeys { .. } | Kind::Succession { .. } => {
                self.current.guardian_set.members.len()
            }
        };
        all.saturating_sub(refusals) < self.agreement()
    }

    /// Fewest dealings that make a result. Where keys are generated or helpers were named, all must count.
    pub(crate) fn dealings(&self) -> usize {
        match &self.order.kind {
            Kind::Succession { .. } => self.current.guardian_set.threshold.t().into(),
            Kind::GroupKey | Kind::ValidatorKeys { .. } | Kind::Repair { .. } => self.agreement(),
        }
    }

    /// How many receivers must hold a dealing and choose the same for it to count.
    pub(crate) fn choosers(&self) -> usize {
        match &self.order.kind {
            Kind::Succession { next } => quorum(next.guardian_set.threshold),
            Kind::GroupKey | Kind::ValidatorKeys { .. } | Kind::Repair { .. } => self.receivers().len(),
        }
    }

    /// How many must have proven the result before it may come into force: so many that the honest among them can sign
    /// without the others.
    pub(crate) fn proofs(&self) -> usize {
        match &self.order.kind {
            Kind::Succession { next } => {
                let threshold = next.guardian_set.threshold;
                let usable = usize::from(threshold.t()).saturating_add(dishonest(threshold));
                quorum(threshold).max(usable).min(threshold.n().into())
            }
            Kind::GroupKey | Kind::ValidatorKeys { .. } | Kind::Repair { .. } => self.provers().len(),
        }
    }

    /// Whether the network's own key signed a result of this succession.
    pub(crate) fn is_signed(&self, result: Digest, signature: &GroupSignature) -> bool {
        let Kind::Succession { next } = &self.order.kind else { return false };
        let message = Matter::succession(self.order, next.id(), result).message(None);
        match (&self.order.keys.group, message) {
            (Some(key), Some(message)) => group_key::verify(key, &message, signature),
            _ => false,
        }
    }

    /// How many members of the current set must endorse the result; zero where it replaces nothing.
    pub(crate) fn endorsements(&self) -> usize {
        match &self.order.kind {
            Kind::Succession { .. } => quorum(self.current.guardian_set.threshold),
            Kind::GroupKey | Kind::ValidatorKeys { .. } | Kind::Repair { .. } => 0,
        }
    }
}

/// How many of n may be dishonest without two groups agreeing on two things: fewer than a third.
fn dishonest(threshold: Threshold) -> usize {
    usize::from(threshold.n().saturating_sub(1) / 3)
}

/// At least t, and all but the dishonest: two such groups share more members than may be dishonest, so that no two results
/// come of one epoch number. With four, three; with seven, five.
fn quorum(threshold: Threshold) -> usize {
    usize::from(threshold.n()).saturating_sub(dishonest(threshold)).max(threshold.t().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_quorums_meet_in_an_honest_member() {
        for n in 1..=100 {
            for t in 1..=n {
                let threshold = Threshold::new(t, n).unwrap();
                let (q, f) = (quorum(threshold), dishonest(threshold));
                assert!(2 * q > usize::from(n) + f, "{t} of {n}: {q}");
                assert!(q >= usize::from(t) && q <= usize::from(n));
            }
        }
        let of = |t, n| quorum(Threshold::new(t, n).unwrap());
        assert_eq!([of(1, 1), of(2, 3), of(3, 4), of(4, 5), of(4, 7), of(7, 10)], [1, 3, 3, 4, 5, 7]);
    }
}
