//! Combining partial signatures, optimistically.
//!
//! Partials are combined unverified and all combined signatures verified in one batch, which is what nearly always
//! happens and costs a fifteenth of verifying every partial. When the batch fails, the first false combination is found
//! by bisection and its partials are verified one by one. Whoever is caught is avoided for the other jobs as well, where
//! there are enough others, so that a guardian that corrupts everything costs one search and not one a job. Avoiding
//! is all that suspicion does: a culprit is named for a job only when its partial *for that job* was proven false.

use crate::batch::{Batch, Search};
use crate::group::{G1Affine, G2, G2Affine, HashedRoot};
use crate::hashed_roots::HashedRoots;
use crate::lagrange::{Weights, cheapest_subset};
use crate::partial::{CombineJob, Combined, verify_point};
use crate::spec::BlsSignature;
use crate::threshold::ShareIndex;
use rand_core::CryptoRng;
use std::collections::{BTreeSet, HashMap};

#[cfg(test)]
mod tests;

/// Combines each job's partials into the validator's signature and verifies it. Answers in the order of the jobs.
pub fn combine(jobs: &[CombineJob<'_>], rng: &mut impl CryptoRng) -> Vec<Combined> {
    combine_hashed(jobs, &HashedRoots::new(0), rng)
}

/// [`combine`] with the hashes of roots that are already known, as from one's own signing; others are computed.
pub fn combine_hashed(
    jobs: &[CombineJob<'_>],
    known: &HashedRoots,
    rng: &mut impl CryptoRng,
) -> Vec<Combined> {
    let mut subsets = Subsets::default();
    let mut suspects = BTreeSet::new();
    let mut done: Vec<Option<Combined>> = vec![None; jobs.len()];
    let mut works: Vec<Work<'_>> =
        jobs.iter().enumerate().map(|(place, job)| Work::new(place, job)).collect();
    drop_short(&mut works, &suspects, &mut subsets, &mut done);
    for (member, work) in works.iter_mut().enumerate() {
        work.member = member;
        work.hash = Some(known.get(work.job.signing_root));
    }
    let keys: Vec<G1Affine> = works.iter().map(|work| work.job.key_set.group_key().0).collect();
    let hashes: Vec<HashedRoot> = works.iter().filter_map(|work| work.hash).collect();
    let mut batch = Batch::new(&keys, &hashes, rng);
    let mut search = Search::First;

    // Each turn after the second takes at least one partial from every job still open, so there are at most 102.
    while !works.is_empty() {
        combine_chosen(&mut works, &subsets);
        let (sound, unsound): (Vec<&Work<'_>>, Vec<&Work<'_>>) =
            works.iter().partition(|work| work.combined.is_some_and(|point| point.in_subgroup()));
        let mut bad: Vec<usize> = unsound.iter().map(|work| work.member).collect();
        if bad.is_empty() || search == Search::All {
            let members: Vec<(usize, G2Affine)> =
                sound.iter().filter_map(|work| Some((work.member, work.combined?))).collect();
            bad.extend(batch.find_false(&members, search));
        }
        if search == Search::First && !bad.is_empty() {
            bad.truncate(1);
        } else {
            finish_except(&bad, &mut works, &mut done);
        }
        for work in works.iter_mut().filter(|work| bad.contains(&work.member)) {
            suspects.extend(work.blame());
        }
        drop_short(&mut works, &suspects, &mut subsets, &mut done);
        search = Search::All;
    }
    // Every job was either finished or found short.
    done.into_iter().map(|result| result.unwrap_or(Combined::Short { culprits: Vec::new() })).collect()
}

/// One job on its way.
///
/// Positions index without checks: `chosen` is made by `choose` from the positions of `pieces`, which only `blame`
/// shrinks, and after `blame` comes `choose` again; `subset` is a place in `Subsets::list`, which only grows; `place` is
/// a place among the jobs.
struct Work<'a> {
    /// Where its answer goes.
    place: usize,
    /// Its number in the batch.
    member: usize,
    job: &'a CombineJob<'a>,
    hash: Option<HashedRoot>,
    /// Decoded partials not proven false, ascending by index.
    pieces: Vec<Piece>,
    culprits: BTreeSet<ShareIndex>,
    /// Positions of the chosen pieces.
    chosen: Vec<usize>,
    /// The subset whose weights belong to them.
    subset: usize,
    /// The combination of the chosen pieces, unverified.
    combined: Option<G2Affine>,
}

struct Piece {
    index: ShareIndex,
    point: G2Affine,
    proven: bool,
}

impl<'a> Work<'a> {
    fn new(place: usize, job: &'a CombineJob<'a>) -> Self {
        let mut seen = BTreeSet::new();
        let mut culprits = BTreeSet::new();
        let mut pieces = Vec::with_capacity(job.partials.len());
        for partial in job.partials.iter().filter(|partial| seen.insert(partial.index)) {
            match G2Affine::from_uncompressed(&partial.signature.0) {
                Some(point) => pieces.push(Piece { index: partial.index, point, proven: false }),
                // Bytes that are no point can be no signature.
                None => {
                    culprits.insert(partial.index);
                }
            }
        }
        pieces.sort_unstable_by_key(|piece| piece.index);
        Self {
            place,
            member: 0,
            job,
            hash: None,
            pieces,
            culprits,
            chosen: Vec::new(),
            subset: 0,
            combined: None,
        }
    }

    /// Chooses t pieces, suspects last. False when fewer are left.
    fn choose(&mut self, suspects: &BTreeSet<ShareIndex>, subsets: &mut Subsets) -> bool {
        let t = usize::from(self.job.key_set.t());
        if self.pieces.len() < t {
            return false;
        }
        let trusted = |piece: &Piece| piece.proven || !suspects.contains(&piece.index);
        let (mut positions, others): (Vec<usize>, Vec<usize>) =
            (0..self.pieces.len()).partition(|&i| trusted(&self.pieces[i]));
        positions.extend(others.into_iter().take(t.saturating_sub(positions.len())));
        positions.sort_unstable();
        let candidates: Vec<ShareIndex> = positions.iter().map(|&i| self.pieces[i].index).collect();
        let subset = subsets.choose(candidates, t);
        let chosen = subsets.list[subset].0.iter().map(|&i| positions[i]).collect();
        if self.combined.is_some() && chosen != self.chosen {
            self.combined = None;
        }
        (self.subset, self.chosen) = (subset, chosen);
        true
    }

    /// Verifies the chosen pieces one by one, removes the false ones and answers whose they were.
    fn blame(&mut self) -> Vec<ShareIndex> {
        self.combined = None;
        let Some(hash) = self.hash else { return Vec::new() };
        let mut caught = Vec::new();
        for &position in &self.chosen {
            let piece = &mut self.pieces[position];
            if !piece.proven {
                let key = self.job.key_set.public_share(piece.index);
                piece.proven = verify_point(&key.0, &hash, &piece.point);
            }
            if !piece.proven {
                caught.push(piece.index);
            }
        }
        if caught.is_empty() {
            // Cannot be: good pieces make a good whole. Were it so, an unfinished job beats one that never ends.
            self.pieces.clear();
        }
        self.pieces.retain(|piece| !caught.contains(&piece.index));
        self.culprits.extend(&caught);
        caught
    }

    fn culprits(&self) -> Vec<ShareIndex> {
        self.culprits.iter().copied().collect()
    }
}

/// Chooses pieces for every job; those that cannot are done, short.
fn drop_short(
    works: &mut Vec<Work<'_>>,
    suspects: &BTreeSet<ShareIndex>,
    subsets: &mut Subsets,
    done: &mut [Option<Combined>],
) {
    works.retain_mut(|work| {
        let enough = work.choose(suspects, subsets);
        if !enough {
            done[work.place] = Some(Combined::Short { culprits: work.culprits() });
        }
        enough
    });
}

/// Combines what is chosen and not yet combined.
fn combine_chosen(works: &mut [Work<'_>], subsets: &Subsets) {
    let open = || |work: &&mut Work<'_>| work.combined.is_none();
    let sums: Vec<G2> = works
        .iter_mut()
        .filter(open())
        .map(|work| {
            let points: Vec<G2Affine> = work.chosen.iter().map(|&i| work.pieces[i].point).collect();
            subsets.list[work.subset].1.combine(&points)
        })
        .collect();
    for (work, point) in works.iter_mut().filter(open()).zip(G2::to_affines(&sums)) {
        work.combined = Some(point);
    }
}

/// Every job whose combination is not `bad` has its signature.
fn finish_except(bad: &[usize], works: &mut Vec<Work<'_>>, done: &mut [Option<Combined>]) {
    works.retain(|work| {
        let Some(point) = work.combined.filter(|_| !bad.contains(&work.member)) else { return true };
        let signature = BlsSignature(point.to_compressed());
        done[work.place] = Some(Combined::Signature { signature, culprits: work.culprits() });
        false
    });
}

/// Subsets chosen so far: most jobs of one call have the same candidates.
#[derive(Default)]
struct Subsets {
    by_candidates: HashMap<(Vec<ShareIndex>, usize), usize>,
    list: Vec<(Vec<usize>, Weights)>,
}

impl Subsets {
    fn choose(&mut self, candidates: Vec<ShareIndex>, t: usize) -> usize {
        *self.by_candidates.entry((candidates, t)).or_insert_with_key(|(candidates, t)| {
            self.list.push(cheapest_subset(candidates, *t));
            self.list.len() - 1
        })
    }
}
