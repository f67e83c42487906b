//! Verifying many signatures at once by a random linear combination.
//!
//! Signatures s_j under keys P_j over hashes H_j are all good when `prod e(r_j P_j, H_j) = e(g, sum r_j s_j)` for
//! random 64-bit r_j; a set with a bad one passes with a chance of 2^-64. One final exponentiation serves all. When it
//! fails, the Miller values of the left side are kept, so that each further question about a part costs one Miller
//! loop and one final exponentiation.
//!
//! Requires every s_j in the subgroup: the cofactor of G2 has small factors, which random weights do not catch.

use crate::group::{G1, G1Affine, G2, G2Affine, HashedRoot, Miller};
use crate::keys::PublicKey;
use crate::spec::{BlsSignature, Root};
use rand_core::CryptoRng;
use std::ops::Range;

#[cfg(test)]
mod tests;

/// How many false signatures to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    /// One: cheap, about log2(N) checks.
    First,
    /// Every one.
    All,
}

/// Keys and hashes of a set of claims, weighted; the signatures may be tried again and again.
///
/// All lists have one item a claim; members are positions in them, as handed out by the callers in this crate.
pub(crate) struct Batch {
    weights: Vec<u64>,
    keys: Vec<G1Affine>,
    hashes: Vec<G2Affine>,
    /// Miller value of each claim's left side; empty until a check fails.
    lefts: Vec<Miller>,
}

impl Batch {
    /// Draws the weights. One hash a key.
    pub(crate) fn new(keys: &[G1Affine], hashes: &[HashedRoot], rng: &mut impl CryptoRng) -> Self {
        // Zero would exempt a claim from the check; it comes once in 2^64 draws.
        let weights: Vec<u64> = keys.iter().map(|_| rng.next_u64().max(1)).collect();
        let weighted: Vec<G1> = keys.iter().zip(&weights).map(|(key, weight)| key.times(*weight)).collect();
        Self {
            weights,
            keys: G1::to_affines(&weighted),
            hashes: hashes.iter().map(|hash| hash.0).collect(),
            lefts: Vec::new(),
        }
    }

    /// The claims among `members` (positions, each with its signature, all in the subgroup) that are false.
    pub(crate) fn find_false(&mut self, members: &[(usize, G2Affine)], search: Search) -> Vec<usize> {
        if members.is_empty() || (self.lefts.is_empty() && self.holds(members)) {
            return Vec::new();
        }
        if self.lefts.is_empty() {
            let pairs = self.keys.iter().zip(&self.hashes);
            self.lefts =
                pairs.map(|(key, hash)| Miller::product(&[*key], std::slice::from_ref(hash))).collect();
        }
        let rights: Vec<G2> = members
            .iter()
            .map(|(member, signature)| {
                G2::weighted_sum(std::slice::from_ref(signature), &[self.weights[*member].to_le_bytes()])
            })
            .collect();
        let lefts: Vec<Miller> = members.iter().map(|(member, _)| self.lefts[*member]).collect();
        let mut found = Vec::new();
        if !part_holds(&lefts, &rights, 0..members.len()) {
            bisect(&lefts, &rights, 0..members.len(), search, &mut found);
        }
        found.into_iter().map(|position| members[position].0).collect()
    }

    /// Whether all are good: the whole equation at once.
    fn holds(&self, members: &[(usize, G2Affine)]) -> bool {
        let signatures: Vec<G2Affine> = members.iter().map(|(_, signature)| *signature).collect();
        let weights: Vec<[u8; 8]> =
            members.iter().map(|(member, _)| self.weights[*member].to_le_bytes()).collect();
        let keys: Vec<G1Affine> = members.iter().map(|(member, _)| self.keys[*member]).collect();
        let hashes: Vec<G2Affine> = members.iter().map(|(member, _)| self.hashes[*member]).collect();
        let right = G2::weighted_sum(&signatures, &weights).to_affine();
        Miller::product(&keys, &hashes).times(&Miller::against_generator(&right)).is_one()
    }
}

/// Splits `range`, known to hold a false claim, down to the false claims.
fn bisect(lefts: &[Miller], rights: &[G2], range: Range<usize>, search: Search, found: &mut Vec<usize>) {
    if range.len() <= 1 {
        found.extend(range);
        return;
    }
    let middle = range.start + range.len() / 2;
    let (front, back) = (range.start..middle, middle..range.end);
    if part_holds(lefts, rights, front.clone()) {
        // The whole is false and the front is not, so the back is.
        bisect(lefts, rights, back, search, found);
        return;
    }
    bisect(lefts, rights, front, search, found);
    if search == Search::All && !part_holds(lefts, rights, back.clone()) {
        bisect(lefts, rights, back, search, found);
    }
}

fn part_holds(lefts: &[Miller], rights: &[G2], range: Range<usize>) -> bool {
    let right = rights[range.clone()].iter().fold(G2::infinity(), |sum, point| sum.add(point)).to_affine();
    lefts[range].iter().fold(Miller::against_generator(&right), |product, left| product.times(left)).is_one()
}

/// Verifies many signatures, each over its own root and under its own key; one answer each, in order. All good costs
/// about half of verifying one by one.
pub fn batch_verify(claims: &[(PublicKey, Root, BlsSignature)], rng: &mut impl CryptoRng) -> Vec<bool> {
    let mut verdicts = vec![false; claims.len()];
    let mut places = Vec::with_capacity(claims.len());
    let (mut keys, mut hashes, mut members) = (Vec::new(), Vec::new(), Vec::new());
    for (place, (key, root, signature)) in claims.iter().enumerate() {
        let Some(point) = G2Affine::from_compressed(&signature.0).filter(G2Affine::in_subgroup) else {
            continue;
        };
        members.push((keys.len(), point));
        places.push(place);
        keys.push(key.0);
        hashes.push(HashedRoot::new(*root));
        verdicts[place] = true;
    }
    for false_claim in Batch::new(&keys, &hashes, rng).find_false(&members, Search::All) {
        verdicts[places[false_claim]] = false;
    }
    verdicts
}
