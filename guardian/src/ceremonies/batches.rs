//! How the keys of a ceremony are cut: the network's own key alone in the first batch, then validators' keys, as many as
//! keep a dealing below the message bound.

use crypto::ciphersuite::Bls12381;
use crypto::{dkg, reshare};
use guardian_core::ceremony::{Kind, Order};
use guardian_core::guardian_set::NetworkDefinition;
use std::ops::Range;

/// One batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Batch {
    /// The network's own key.
    Group,
    /// Validators' keys, by their places in ascending order of key.
    Validators(Range<usize>),
}

/// All batches of a ceremony.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Batches {
    group: bool,
    validators: usize,
    each: usize,
}

impl Batches {
    pub(super) fn of(order: &Order, current: &NetworkDefinition) -> Self {
        let t = order.next(current).guardian_set.threshold.t();
        let validators = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let (group, validators, each) = match order.kind {
            Kind::GroupKey => (true, 0, 1),
            Kind::ValidatorKeys { count, .. } => (false, validators(count), dkg::batch_size::<Bls12381>(t)),
            Kind::Succession { .. } | Kind::Repair { .. } => {
                (order.keys.group, validators(order.keys.validators), reshare::batch_size::<Bls12381>(t))
            }
        };
        Self { group, validators, each: each.max(1) }
    }

    pub(super) fn len(&self) -> u32 {
        let validators = self.validators.div_ceil(self.each);
        u32::try_from(validators).unwrap_or(u32::MAX).saturating_add(u32::from(self.group))
    }

    pub(super) fn numbers(&self) -> Range<u32> {
        0..self.len()
    }

    pub(super) fn get(&self, number: u32) -> Option<Batch> {
        if number >= self.len() {
            return None;
        }
        let place = usize::try_from(number).ok()?;
        match (self.group, place) {
            (true, 0) => Some(Batch::Group),
            (group, place) => {
                let from = place.saturating_sub(usize::from(group)).saturating_mul(self.each);
                Some(Batch::Validators(from..from.saturating_add(self.each).min(self.validators)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_exactly_one_batch() {
        for (group, validators, each) in
            [(true, 0, 3), (false, 7, 3), (true, 7, 3), (false, 0, 3), (true, 6, 6)]
        {
            let batches = Batches { group, validators, each };
            let all: Vec<Batch> = batches.numbers().map(|number| batches.get(number).unwrap()).collect();
            assert_eq!(batches.get(batches.len()), None);
            let places: Vec<usize> = all
                .iter()
                .flat_map(|batch| match batch {
                    Batch::Group => 0..0,
                    Batch::Validators(range) => range.clone(),
                })
                .collect();
            assert_eq!(places, (0..validators).collect::<Vec<_>>());
            assert_eq!(all.iter().filter(|batch| **batch == Batch::Group).count(), usize::from(group));
        }
    }
}
