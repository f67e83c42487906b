use super::*;
use crate::keys::{PublicKeySet, SecretKey, SecretKeyShare};
use crate::partial::{PartialSignature, SignatureShare};
use crate::spec::Root;
use crate::threshold::Threshold;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// One validator, its shares and what it should sign.
struct Validator {
    secret: SecretKey,
    set: PublicKeySet,
    shares: Vec<SecretKeyShare>,
    root: Root,
}

impl Validator {
    fn new(t: u16, n: u16, number: u8, rng: &mut StdRng) -> Self {
        let secret = SecretKey::generate(rng);
        let (set, shares) = secret.split(Threshold::new(t, n).unwrap(), rng);
        Self { secret, set, shares, root: Root([number; 32]) }
    }

    fn partials(&self) -> Vec<PartialSignature> {
        self.shares.iter().map(|share| share.sign(self.root)).collect()
    }

    fn job<'a>(&'a self, partials: &'a [PartialSignature]) -> CombineJob<'a> {
        CombineJob { key_set: &self.set, signing_root: self.root, partials }
    }
}

fn index(x: u16) -> ShareIndex {
    ShareIndex::new(x).unwrap()
}

/// The ways to be false.
#[derive(Debug, Clone, Copy)]
enum Lie {
    Garbage,
    Infinity,
    OtherRoot,
    OutsideSubgroup,
    GoodPlusTorsion,
    NeighboursShare,
}

fn corrupt(validator: &Validator, position: usize, lie: Lie) -> SignatureShare {
    let share = &validator.shares[position];
    match lie {
        Lie::Garbage => SignatureShare([0xab; 192]),
        Lie::Infinity => {
            let mut bytes = [0; 192];
            bytes[0] = 0x40;
            SignatureShare(bytes)
        }
        Lie::OtherRoot => share.sign(Root([0xee; 32])).signature,
        Lie::OutsideSubgroup => SignatureShare(crate::group_tests::outside_subgroup().to_uncompressed()),
        Lie::GoodPlusTorsion => {
            // Off the subgroup by a point that is no multiple of the generator.
            let good = G2Affine::from_uncompressed(&share.sign(validator.root).signature.0).unwrap();
            let sum = good.to_projective().add_affine(&crate::group_tests::outside_subgroup());
            SignatureShare(sum.to_affine().to_uncompressed())
        }
        Lie::NeighboursShare => {
            let neighbour = &validator.shares[(position + 1) % validator.shares.len()];
            neighbour.sign(validator.root).signature
        }
    }
}

fn lie() -> impl Strategy<Value = Option<Lie>> {
    prop_oneof![
        6 => Just(None),
        1 => Just(Some(Lie::Garbage)),
        1 => Just(Some(Lie::Infinity)),
        1 => Just(Some(Lie::OtherRoot)),
        1 => Just(Some(Lie::OutsideSubgroup)),
        1 => Just(Some(Lie::GoodPlusTorsion)),
        1 => Just(Some(Lie::NeighboursShare)),
    ]
}

/// Threshold, and for each job and guardian: absent, or present and how it lies.
fn network() -> impl Strategy<Value = (u16, Vec<Vec<Option<Option<Lie>>>>)> {
    (2u16..=6).prop_flat_map(|n| {
        let row = prop::collection::vec(prop::option::weighted(0.9, lie()), usize::from(n));
        (1..=n, prop::collection::vec(row, 1..6))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever is thrown in: where t honest partials are, the signature is the validator's own; otherwise the job is
    /// short only after enough others were proven false; and nobody honest is ever named.
    #[test]
    fn signatures_are_right_and_only_liars_are_named((t, plan) in network(), seed: u64) {
        let mut rng = StdRng::seed_from_u64(seed);
        let n = plan[0].len();
        let validators: Vec<Validator> =
            (0..plan.len()).map(|i| Validator::new(t, n as u16, i as u8, &mut rng)).collect();
        let partials: Vec<Vec<PartialSignature>> = validators.iter().zip(&plan).map(|(validator, row)| {
            let mut partials: Vec<_> = row.iter().enumerate().filter_map(|(position, state)| {
                let share = &validator.shares[position];
                let signature = match (*state)? {
                    Some(lie) => corrupt(validator, position, lie),
                    None => share.sign(validator.root).signature,
                };
                Some(PartialSignature { index: share.index(), signature })
            }).collect();
            partials.reverse();
            partials
        }).collect();
        let jobs: Vec<_> = validators.iter().zip(&partials).map(|(v, p)| v.job(p)).collect();
        let results = combine(&jobs, &mut rng);
        prop_assert_eq!(results.len(), jobs.len());
        for ((validator, row), result) in validators.iter().zip(&plan).zip(results) {
            let who = |wanted: fn(&Lie) -> bool, honest: bool| -> Vec<ShareIndex> {
                row.iter().zip(&validator.shares).filter(|(state, _)| match state {
                    Some(Some(lie)) => wanted(lie),
                    Some(None) => honest,
                    None => false,
                }).map(|(_, share)| share.index()).collect()
            };
            let liars = who(|_| true, false);
            // A lone guardian's share is the key itself, and so is its neighbour's: with t = 1 that is no lie.
            let liars = if t == 1 { who(|lie| !matches!(lie, Lie::NeighboursShare), false) } else { liars };
            let honest = row.iter().flatten().count() - liars.len();
            let culprits = match result {
                Combined::Signature { signature, culprits } => {
                    // Liars who add one torsion point can weigh each other out: then they signed, together.
                    let weighed_out = who(|lie| matches!(lie, Lie::GoodPlusTorsion), false).len();
                    prop_assert!(honest + weighed_out >= usize::from(t));
                    prop_assert_eq!(signature, validator.secret.sign(validator.root));
                    culprits
                }
                Combined::Short { culprits } => {
                    prop_assert!(honest < usize::from(t));
                    prop_assert!(row.iter().flatten().count() - culprits.len() < usize::from(t));
                    culprits
                }
            };
            prop_assert!(culprits.iter().all(|culprit| liars.contains(culprit)), "{:?} of {:?}", culprits, liars);
            prop_assert!(culprits.is_sorted());
        }
    }
}

/// Two liars whose torsion the weights cancel (3 and -3 of {1, 2, 3}) made the one true signature between them: it is
/// taken, being checked as a whole, and nobody is named.
#[test]
fn torsion_that_weighs_out_is_the_true_signature() {
    let mut rng = StdRng::seed_from_u64(20);
    let validator = Validator::new(3, 3, 1, &mut rng);
    let mut partials = validator.partials();
    for position in [0, 1] {
        partials[position].signature = corrupt(&validator, position, Lie::GoodPlusTorsion);
    }
    let results = combine(&[validator.job(&partials)], &mut rng);
    let signature = validator.secret.sign(validator.root);
    assert_eq!(results, [Combined::Signature { signature, culprits: Vec::new() }]);
}

/// The exact set of the examined: with every partial needed, every liar is named and no one else.
#[test]
fn every_examined_liar_is_named() {
    let mut rng = StdRng::seed_from_u64(21);
    let validator = Validator::new(4, 4, 1, &mut rng);
    let mut partials = validator.partials();
    partials[1].signature = corrupt(&validator, 1, Lie::OtherRoot);
    partials[3].signature = corrupt(&validator, 3, Lie::GoodPlusTorsion);
    let results = combine(&[validator.job(&partials)], &mut rng);
    assert_eq!(results, [Combined::Short { culprits: vec![index(2), index(4)] }]);
}

/// A guardian that corrupts everything is proven false once and avoided from then on.
#[test]
fn one_corrupt_guardian_costs_one_search() {
    let mut rng = StdRng::seed_from_u64(22);
    let validators: Vec<_> = (0..12).map(|i| Validator::new(3, 4, i, &mut rng)).collect();
    let partials: Vec<_> = validators
        .iter()
        .map(|validator| {
            let mut partials = validator.partials();
            partials[1].signature = corrupt(validator, 1, Lie::OtherRoot);
            partials
        })
        .collect();
    let jobs: Vec<_> = validators.iter().zip(&partials).map(|(v, p)| v.job(p)).collect();
    let mut named = 0;
    for (validator, result) in validators.iter().zip(combine(&jobs, &mut rng)) {
        let Combined::Signature { signature, culprits } = result else { panic!("three honest are enough") };
        assert_eq!(signature, validator.secret.sign(validator.root));
        assert!(culprits.is_empty() || culprits == [index(2)]);
        named += culprits.len();
    }
    assert_eq!(named, 1);
}

/// Suspicion from one job takes nothing away in another, where the same guardian is honest and needed.
#[test]
fn suspicion_is_only_an_order() {
    let mut rng = StdRng::seed_from_u64(23);
    let validators: Vec<_> = (0..3).map(|i| Validator::new(3, 4, i, &mut rng)).collect();
    let mut partials: Vec<_> = validators.iter().map(Validator::partials).collect();
    partials[0][0].signature = corrupt(&validators[0], 0, Lie::OtherRoot);
    partials[2].truncate(3);
    let jobs: Vec<_> = validators.iter().zip(&partials).map(|(v, p)| v.job(p)).collect();
    let results = combine(&jobs, &mut rng);
    let expected: Vec<_> = validators
        .iter()
        .zip([vec![index(1)], vec![], vec![]])
        .map(|(v, culprits)| Combined::Signature { signature: v.secret.sign(v.root), culprits })
        .collect();
    assert_eq!(results, expected);
}

#[test]
fn of_several_partials_with_one_index_the_first_counts() {
    let mut rng = StdRng::seed_from_u64(24);
    let validator = Validator::new(2, 3, 1, &mut rng);
    let good = validator.partials();
    let bad = PartialSignature { index: index(1), signature: corrupt(&validator, 0, Lie::OtherRoot) };
    let signature = validator.secret.sign(validator.root);
    let run =
        |partials: &[PartialSignature]| combine(&[validator.job(partials)], &mut StdRng::seed_from_u64(1));
    assert_eq!(run(&[good[0], bad, good[0], good[1]]), [Combined::Signature { signature, culprits: vec![] }]);
    assert_eq!(run(&[bad, good[0], good[1]]), [Combined::Short { culprits: vec![index(1)] }]);
}

#[test]
fn indices_nobody_holds_are_proven_false() {
    let mut rng = StdRng::seed_from_u64(25);
    let validator = Validator::new(2, 3, 1, &mut rng);
    let mut partials = validator.partials();
    partials[0].index = index(100);
    let signature = validator.secret.sign(validator.root);
    let results = combine(&[validator.job(&partials)], &mut rng);
    let Combined::Signature { signature: found, culprits } = &results[0] else { panic!("two honest") };
    assert_eq!(*found, signature);
    assert!(culprits.is_empty() || *culprits == [index(100)]);
    let short = combine(&[validator.job(&partials[..2])], &mut rng);
    assert_eq!(short, [Combined::Short { culprits: vec![index(100)] }]);
}

#[test]
fn nothing_at_hand_is_short_and_blames_nobody() {
    let mut rng = StdRng::seed_from_u64(26);
    let validator = Validator::new(2, 3, 1, &mut rng);
    assert!(combine(&[], &mut rng).is_empty());
    assert_eq!(combine(&[validator.job(&[])], &mut rng), [Combined::Short { culprits: vec![] }]);
}

#[test]
fn kept_hashes_change_nothing_but_the_time() {
    let mut rng = StdRng::seed_from_u64(27);
    let validator = Validator::new(5, 7, 1, &mut rng);
    let mut known = HashedRoots::new(4);
    let hash = known.remember(validator.root);
    let partials: Vec<_> = validator.shares.iter().map(|share| share.sign_hashed(&hash)).collect();
    assert_eq!(partials, validator.partials());
    let signature = validator.secret.sign(validator.root);
    let results = combine_hashed(&[validator.job(&partials)], &known, &mut rng);
    assert_eq!(results, [Combined::Signature { signature, culprits: vec![] }]);
}

/// Gaps in the indices make wide weights: 255 bits from about t = 30 on.
#[test]
fn large_networks_combine_too() {
    let mut rng = StdRng::seed_from_u64(28);
    for (t, n) in [(13, 20), (33, 50), (66, 100)] {
        let validator = Validator::new(t, n, 1, &mut rng);
        let mut partials = validator.partials();
        partials.retain(|partial| partial.index.get() % 3 != 0);
        assert!(partials.len() >= usize::from(t));
        let signature = validator.secret.sign(validator.root);
        let results = combine(&[validator.job(&partials)], &mut rng);
        assert_eq!(results, [Combined::Signature { signature, culprits: vec![] }]);
    }
}
