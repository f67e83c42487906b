//! This crate's ways from wire partials to verified 96-byte signatures.

use crate::workload::{Workload, expect_signatures};
use crypto::partial::{CombineJob, combine, combine_hashed, verify_partial};
use rand::SeedableRng;
use rand::rngs::StdRng;

fn rng() -> StdRng {
    StdRng::seed_from_u64(5)
}

/// All partials of every exit, H(m) kept from signing.
pub(crate) fn combine_cached(work: &Workload) {
    expect_signatures(&combine_hashed(&work.jobs(|exit| &exit.partials), &work.known, &mut rng()));
}

/// The same by somebody who did not sign.
pub(crate) fn combine_fresh(work: &Workload) {
    expect_signatures(&combine(&work.jobs(|exit| &exit.partials), &mut rng()));
}

/// Only t partials at hand, and those with a common denominator.
pub(crate) fn combine_without_choice(work: &Workload) {
    expect_signatures(&combine_hashed(&work.jobs(|exit| &exit.awkward), &work.known, &mut rng()));
}

/// One guardian corrupts every partial it sends.
pub(crate) fn combine_with_a_liar(work: &Workload) {
    expect_signatures(&combine_hashed(&work.jobs(|exit| &exit.corrupted), &work.known, &mut rng()));
}

/// The cautious way: every partial verified, then combined.
pub(crate) fn verify_every_partial(work: &Workload) {
    for exit in &work.exits {
        for partial in &exit.partials[..usize::from(work.t)] {
            let key = exit.key_set.public_share(partial.index);
            assert!(verify_partial(&key, exit.root, &partial.signature));
        }
        let partials = &exit.partials[..usize::from(work.t)];
        let job = CombineJob { key_set: &exit.key_set, signing_root: exit.root, partials };
        expect_signatures(&combine(&[job], &mut rng()));
    }
}
