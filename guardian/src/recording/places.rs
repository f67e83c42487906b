//! `Places`: which rows of a table are meant, in few bytes.

use super::short::Short;
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeSet;

/// A set of places in a table whose length both sides know.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Places {
    /// All of them.
    All,
    /// Runs, ascending: places left out before it, and its length less one.
    Runs(Vec<(Short, Short)>),
    /// One bit a place, the lowest first.
    Bitmap(Vec<u8>),
}

impl Places {
    /// The set in its shortest form, for a table of `length` rows.
    pub fn of(places: &BTreeSet<usize>, length: usize) -> Self {
        if places.len() == length {
            return Self::All;
        }
        let mut runs: Vec<(u64, u64)> = Vec::new();
        let mut next = 0;
        for place in places.iter().map(|place| *place as u64) {
            match runs.last_mut() {
                Some((_, more)) if place == next => *more += 1,
                Some(_) | None => runs.push((place - next, 0)),
            }
            next = place + 1;
        }
        let bits = length.div_ceil(8);
        // Most runs take two bytes, none fewer.
        if runs.len() * 2 <= bits {
            return Self::Runs(runs.into_iter().map(|(gap, more)| (Short(gap), Short(more))).collect());
        }
        let mut bitmap = vec![0u8; bits];
        for place in places {
            if let Some(byte) = bitmap.get_mut(place / 8) {
                *byte |= 1 << (place % 8);
            }
        }
        Self::Bitmap(bitmap)
    }

    /// The places, ascending. None when one lies outside a table of `length` rows.
    pub fn in_table(&self, length: usize) -> Option<Vec<usize>> {
        match self {
            Self::All => Some((0..length).collect()),
            Self::Runs(runs) => {
                let mut places = Vec::new();
                let mut next = 0usize;
                for (gap, more) in runs {
                    let first = next.checked_add(gap.place())?;
                    next = first.checked_add(more.place())?.checked_add(1)?;
                    if next > length {
                        return None;
                    }
                    places.extend(first..next);
                }
                Some(places)
            }
            Self::Bitmap(bitmap) => {
                let set =
                    |place: &usize| bitmap.get(place / 8).is_some_and(|byte| byte >> (place % 8) & 1 == 1);
                let all = (0..bitmap.len().checked_mul(8)?).filter(set).collect::<Vec<_>>();
                all.last().is_none_or(|last| *last < length).then_some(all)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_comes_back_in_its_shortest_form() {
        for (places, length, bytes) in [
            (vec![], 0, 1),
            (vec![], 5000, 5),
            ((0..5000).collect(), 5000, 1),
            ((1..5000).collect(), 5000, 8),
            ((0..5000).step_by(2).collect(), 5000, 1 + 4 + 625),
            (vec![4999], 5000, 8),
        ] {
            let places: BTreeSet<usize> = places.into_iter().collect();
            let packed = Places::of(&places, length);
            assert_eq!(borsh::to_vec(&packed).unwrap().len(), bytes);
            assert_eq!(packed.in_table(length).unwrap(), places.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_lies_outside_the_table_is_refused() {
        let last = Places::of(&BTreeSet::from([4999]), 5000);
        assert_eq!(last.in_table(4999), None);
        assert_eq!(Places::Bitmap(vec![0x80]).in_table(7), None);
        assert_eq!(Places::Runs(vec![(Short(u64::MAX), Short(0))]).in_table(7), None);
        assert_eq!(Places::Runs(vec![(Short(1), Short(u64::MAX))]).in_table(7), None);
    }
}
