//! Validators, shares and the partial signatures of their exits, as they come from the wire.

use crypto::HashedRoots;
use crypto::keys::{PublicKeySet, SecretKey, SecretKeyShare};
use crypto::partial::{CombineJob, Combined, PartialSignature};
use crypto::spec::Root;
use crypto::threshold::Threshold;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sha2::{Digest, Sha256};

/// One validator's exit.
pub(crate) struct Exit {
    pub(crate) key_set: PublicKeySet,
    pub(crate) shares: Vec<SecretKeyShare>,
    pub(crate) root: Root,
    /// One a guardian.
    pub(crate) partials: Vec<PartialSignature>,
    /// t of them whose weights have a common denominator above 1, where the network has such a subset.
    pub(crate) awkward: Vec<PartialSignature>,
    /// As `partials`, but guardian 1 signed something else.
    pub(crate) corrupted: Vec<PartialSignature>,
    pub(crate) blsttc: crate::blsttc_pipelines::Exit,
}

pub(crate) struct Workload {
    pub(crate) t: u16,
    pub(crate) n: u16,
    pub(crate) exits: Vec<Exit>,
    /// H(m) of every root, as a guardian that signed has them.
    pub(crate) known: HashedRoots,
}

impl Workload {
    pub(crate) fn new(t: u16, n: u16, exits: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(u64::from(t) * 1000 + u64::from(n));
        let threshold = Threshold::new(t, n).unwrap();
        let mut known = HashedRoots::new(exits);
        let exits = (0..exits)
            .map(|number| {
                let (key_set, shares) = SecretKey::generate(&mut rng).split(threshold, &mut rng);
                let root = Root(Sha256::digest(number.to_le_bytes()).into());
                let hash = known.remember(root);
                let partials: Vec<_> = shares.iter().map(|share| share.sign_hashed(&hash)).collect();
                // 1 3; 1 2 4; 1 2 3 5 7: D is 2, 3 and 8.
                let awkward = match t {
                    2 => vec![0, 2],
                    3 => vec![0, 1, 3],
                    _ => vec![0, 1, 2, 4, 6],
                };
                let awkward = awkward.into_iter().map(|position| partials[position]).collect();
                let mut corrupted = partials.clone();
                corrupted[0] = shares[0].sign(Root([0; 32]));
                let blsttc = crate::blsttc_pipelines::Exit::new(&key_set, &shares, root, t);
                Exit { key_set, shares, root, partials, awkward, corrupted, blsttc }
            })
            .collect();
        Self { t, n, exits, known }
    }

    /// One job an exit, over the partials that `choose` names.
    pub(crate) fn jobs<'a>(
        &'a self,
        choose: impl Fn(&'a Exit) -> &'a [PartialSignature],
    ) -> Vec<CombineJob<'a>> {
        let job = |exit: &'a Exit| CombineJob {
            key_set: &exit.key_set,
            signing_root: exit.root,
            partials: choose(exit),
        };
        self.exits.iter().map(job).collect()
    }
}

/// Stops a benchmark that would measure a failure.
pub(crate) fn expect_signatures(results: &[Combined]) {
    let good = |result: &Combined| matches!(result, Combined::Signature { .. });
    assert!(!results.is_empty() && results.iter().all(good), "every exit has its signature");
}
