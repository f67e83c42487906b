//! Lagrange weights at zero for share indices 1..=100, kept as small integers where they are small.
//!
//! The weights of a subset are fractions; over their common denominator D they are a few bits wide for the sets that
//! guardians form (at most 4 bits at t = 3, 29 at t = 13), which makes combining t points cost microseconds where
//! 255-bit weights cost milliseconds. What is left is one full multiplication by 1/D, and of that, too, nothing when
//! D is 1: always so for consecutive indices, and for three of the four subsets of a 3-of-4.
//!
//! All of this is public, so variable time is fine.

use crate::group::{G2, G2Affine, Scalar};
use crate::threshold::ShareIndex;

#[cfg(test)]
mod tests;

/// Most subsets weighed in search of one with D = 1; every subset of a 5-of-7 is 21.
const MAX_SUBSETS_TRIED: usize = 64;

/// Above this many signers only runs of neighbours are tried: weighing a subset is quadratic in t.
const MAX_T_FOR_SEARCH: usize = 16;

/// The weights of one subset, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Weights {
    /// Weight i is `numerators[i] / denominator`.
    Small { numerators: Vec<i64>, denominator: u64 },
    /// Weights modulo the group order, 32 bytes little-endian.
    Full(Vec<[u8; 32]>),
}

impl Weights {
    /// The weights at zero of distinct indices.
    pub(crate) fn at_zero(indices: &[ShareIndex]) -> Self {
        match small_at(0, indices) {
            Some((numerators, denominator)) => Self::Small { numerators, denominator },
            None => Self::Full(full(indices)),
        }
    }

    /// The weighted sum of one point an index, in the same order.
    pub(crate) fn combine(&self, points: &[G2Affine]) -> G2 {
        match self {
            Self::Full(weights) => G2::weighted_sum(points, weights),
            Self::Small { numerators, denominator } => {
                let sum = straus(points, numerators);
                if *denominator == 1 { sum } else { sum.times(&Scalar::from_u64(*denominator).invert()) }
            }
        }
    }

    /// Bits of the common denominator: what decides the cost. 1 is best.
    fn denominator(&self) -> u64 {
        match self {
            Self::Small { denominator, .. } => *denominator,
            Self::Full(_) => u64::MAX,
        }
    }
}

/// Chooses `t` of the `candidates` (distinct, ascending, at least `t`) whose weights are cheap. Answers their
/// positions, ascending, and the weights.
pub(crate) fn cheapest_subset(candidates: &[ShareIndex], t: usize) -> (Vec<usize>, Weights) {
    let windows = (0..=candidates.len().saturating_sub(t)).map(|start| (start..start + t).collect());
    let subsets = Subsets::new(if t <= MAX_T_FOR_SEARCH { candidates.len() } else { 0 }, t);
    let mut best: Option<(Vec<usize>, Weights)> = None;
    for positions in windows.chain(subsets).take(MAX_SUBSETS_TRIED) {
        let indices: Vec<ShareIndex> = positions.iter().filter_map(|&p| candidates.get(p).copied()).collect();
        let weights = Weights::at_zero(&indices);
        let denominator = weights.denominator();
        if best.as_ref().is_none_or(|(_, known)| denominator < known.denominator()) {
            best = Some((positions, weights));
        }
        if denominator == 1 {
            break;
        }
    }
    best.unwrap_or_else(|| (Vec::new(), Weights::Full(Vec::new())))
}

/// The `t`-subsets of `0..n`, in lexicographic order.
struct Subsets {
    next: Option<Vec<usize>>,
    n: usize,
}

impl Subsets {
    fn new(n: usize, t: usize) -> Self {
        Self { next: (t > 0 && t <= n).then(|| (0..t).collect()), n }
    }
}

impl Iterator for Subsets {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let current = self.next.take()?;
        let t = current.len();
        // The last place that can still move up; everything after it follows on.
        if let Some(place) = (0..t).rev().find(|&i| current[i] < self.n - t + i) {
            let mut following = current.clone();
            let first = current[place] + 1;
            for (step, position) in following.iter_mut().skip(place).enumerate() {
                *position = first + step;
            }
            self.next = Some(following);
        }
        Some(current)
    }
}

/// The weights at `x` of distinct indices as numerators over a common denominator. `None` when a number outgrows 63 bits.
pub(crate) fn small_at(x: u16, indices: &[ShareIndex]) -> Option<(Vec<i64>, u64)> {
    let mut fractions = Vec::with_capacity(indices.len());
    let mut denominator: i128 = 1;
    for i in indices {
        let (mut top, mut bottom) = (1i128, 1i128);
        for j in indices.iter().filter(|j| *j != i) {
            top = top.checked_mul(i128::from(j.get()) - i128::from(x))?;
            bottom = bottom.checked_mul(i128::from(j.get()) - i128::from(i.get()))?;
            let divisor = gcd(top, bottom);
            (top, bottom) = (top / divisor, bottom / divisor);
        }
        if bottom < 0 {
            (top, bottom) = (-top, -bottom);
        }
        denominator = denominator.checked_mul(bottom / gcd(denominator, bottom))?;
        fractions.push((top, bottom));
    }
    let numerators = fractions
        .into_iter()
        .map(|(top, bottom)| i64::try_from(top.checked_mul(denominator / bottom)?).ok())
        .collect::<Option<Vec<i64>>>()?;
    Some((numerators, u64::try_from(denominator).ok()?))
}

/// The positive greatest common divisor; 1 instead of 0.
fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

fn full(indices: &[ShareIndex]) -> Vec<[u8; 32]> {
    let scalar = |index: &ShareIndex| Scalar::from_u64(index.get().into());
    indices
        .iter()
        .map(|i| {
            let (top, bottom) = indices
                .iter()
                .filter(|j| *j != i)
                .map(scalar)
                .fold((Scalar::from_u64(1), Scalar::from_u64(1)), |(top, bottom), x| {
                    (top.mul(&x), bottom.mul(&x.sub(&scalar(i))))
                });
            let mut bytes = *top.mul(&bottom.invert()).to_be_bytes();
            bytes.reverse();
            bytes
        })
        .collect()
}

/// The sum of small multiples, with the doublings shared.
fn straus(points: &[G2Affine], multiples: &[i64]) -> G2 {
    let terms: Vec<(u64, G2Affine)> = points
        .iter()
        .zip(multiples)
        .map(|(point, m)| (m.unsigned_abs(), if *m < 0 { point.negate() } else { *point }))
        .collect();
    let bits = terms.iter().map(|(m, _)| u64::BITS - m.leading_zeros()).max().unwrap_or(0);
    let mut sum = G2::infinity();
    for bit in (0..bits).rev() {
        if bit + 1 < bits {
            sum = sum.double();
        }
        for (_, point) in terms.iter().filter(|(m, _)| m >> bit & 1 == 1) {
            sum = sum.add_affine(point);
        }
    }
    sum
}
