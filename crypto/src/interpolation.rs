//! Interpolation of a shared polynomial at any small x, on either curve: of scalars in constant time, of public points
//! by the small weights of [`crate::lagrange`] where there are any.

use crate::curve::{self, Curve, FieldOf, Secret};
use crate::lagrange::small_at;
use crate::threshold::ShareIndex;
use frost_core::{Element, Field, Group, Scalar};

#[cfg(test)]
mod tests;

/// The Lagrange weights of distinct indices at one x.
pub(crate) struct Interpolation<C: Curve> {
    weights: Vec<Scalar<C>>,
    small: Option<Small<C>>,
}

/// The same weights as small numerators over a common denominator.
struct Small<C: Curve> {
    numerators: Vec<i64>,
    /// 1 / denominator; `None` for 1.
    scale: Option<Scalar<C>>,
}

impl<C: Curve> Interpolation<C> {
    /// At `x` (0 for the key itself). `None` when an index is there twice.
    pub(crate) fn at(x: u16, indices: &[ShareIndex]) -> Option<Self> {
        let at = curve::from_u128::<C>(x.into());
        let weight = |i: &ShareIndex| {
            let mut others = indices.iter().filter(|j| *j != i).map(|j| curve::abscissa::<C>(*j));
            let own = curve::abscissa::<C>(*i);
            let one = FieldOf::<C>::one();
            let (top, bottom) =
                others.try_fold((one, one), |(top, bottom), x| Some((top * (x - at), bottom * (x - own))))?;
            Some(top * FieldOf::<C>::invert(&bottom).ok()?)
        };
        if indices.iter().enumerate().any(|(position, i)| indices[..position].contains(i)) {
            return None;
        }
        let weights = indices.iter().map(weight).collect::<Option<Vec<_>>>()?;
        let small = small_at(x, indices).and_then(|(numerators, denominator)| {
            let scale = FieldOf::<C>::invert(&curve::from_u128::<C>(denominator.into())).ok()?;
            Some(Small { numerators, scale: (denominator != 1).then_some(scale) })
        });
        Some(Self { weights, small })
    }

    /// The weighted sum of secrets, one an index in the same order.
    pub(crate) fn secrets<'a>(&self, secrets: impl Iterator<Item = &'a Scalar<C>>) -> Secret<C>
    where
        Scalar<C>: 'a,
    {
        let zero = FieldOf::<C>::zero();
        Secret(self.weights.iter().zip(secrets).fold(zero, |acc, (weight, secret)| acc + *weight * *secret))
    }

    /// The weighted sum of public points, one an index in the same order, in variable time.
    pub(crate) fn points(&self, points: &[Element<C>]) -> Element<C> {
        let Some(small) = &self.small else {
            let zero = <C::Group as Group>::identity();
            return points
                .iter()
                .zip(&self.weights)
                .fold(zero, |acc, (point, weight)| acc + *point * *weight);
        };
        let sum = straus::<C>(points, &small.numerators);
        small.scale.map_or(sum, |scale| sum * scale)
    }
}

/// The sum of small multiples, with the doublings shared.
fn straus<C: Curve>(points: &[Element<C>], multiples: &[i64]) -> Element<C> {
    let bits = multiples.iter().map(|m| u64::BITS - m.unsigned_abs().leading_zeros()).max().unwrap_or(0);
    let mut sum = <C::Group as Group>::identity();
    for bit in (0..bits).rev() {
        if bit + 1 < bits {
            sum = C::double(sum);
        }
        for (point, multiple) in points.iter().zip(multiples) {
            if multiple.unsigned_abs() >> bit & 1 == 1 {
                sum = if *multiple < 0 { sum - *point } else { sum + *point };
            }
        }
    }
    sum
}
