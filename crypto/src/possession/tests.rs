use super::*;
use crate::ciphersuite::Bls12381;
use crate::dealing::tests::{Guardians, index, rng};
use frost_secp256k1::Secp256K1Sha256;
use proptest::prelude::*;

fn proves<C: Curve>() {
    let guardians = Guardians::<C>::dkg(3, 4, 5);
    let keys: Vec<_> = guardians.keys.iter().collect();
    let statement = Statement::new(&[1; 32], &keys).unwrap();
    for x in 1..=4 {
        let shares: Vec<_> = guardians.shares_of(x).iter().collect();
        let proof = statement.prove(&shares, &mut rng(1)).unwrap();
        assert!(statement.verify(index(x), &proof));
        let read = Proof::from_bytes(&proof.to_bytes()).unwrap();
        assert_eq!((read.to_bytes().len(), &read), (Proof::<C>::LEN, &proof));
        assert!(verify(&[1; 32], &keys, index(x), &read));
        // For this holder, context and list of keys only.
        assert!((1..=100).filter(|other| *other != x).all(|other| !statement.verify(index(other), &proof)));
        assert!(!verify(&[2; 32], &keys, index(x), &proof));
        assert!(!verify(&[1; 32], &keys[1..], index(x), &proof));
        let reordered: Vec<_> = keys.iter().rev().copied().collect();
        assert!(!verify(&[1; 32], &reordered, index(x), &proof));
        // Another draw is another proof; randomness alone does not fix the nonce.
        let another = statement.prove(&shares, &mut rng(2)).unwrap();
        assert_ne!(another.to_bytes(), proof.to_bytes());
        assert!(statement.verify(index(x), &another));
    }
}

#[test]
fn holders_prove_and_nobody_else() {
    proves::<Bls12381>();
    proves::<Secp256K1Sha256>();
}

#[test]
fn one_missing_share_is_enough_to_fail() {
    let guardians = Guardians::<Bls12381>::dkg(2, 3, 4);
    let keys: Vec<_> = guardians.keys.iter().collect();
    let statement = Statement::new(&[1; 32], &keys).unwrap();
    let own: Vec<_> = guardians.shares_of(1).iter().collect();
    for missing in 0..own.len() {
        // A share made up in its place: it is noticed before it is sent ...
        let wrong = Share::from_bytes(index(1), &[1; 32]).unwrap();
        let mut shares = own.clone();
        shares[missing] = &wrong;
        assert_eq!(statement.prove(&shares, &mut rng(1)).err(), Some(Error::ForeignShare { index: 1 }));
        // ... and a prover that does not look proves nothing: the same proof over keys for which that share is right.
        let mut others = keys.clone();
        let set = crate::keys::SecretKey::from_bytes(&[1; 32]).unwrap();
        let threshold = crate::threshold::Threshold::new(2, 3).unwrap();
        let (set, made_up) = set.split(threshold, &mut rng(9));
        let (commitments, share) = (Commitments::from(&set), Share::from(&made_up[0]));
        others[missing] = &commitments;
        shares[missing] = &share;
        let proof = Statement::new(&[1; 32], &others).unwrap().prove(&shares, &mut rng(1)).unwrap();
        assert!(!statement.verify(index(1), &proof));
        // Nor does a proof of the keys without it.
        let but_one = |k: &usize| *k != missing;
        let items: Vec<_> = (0..own.len()).filter(but_one).map(|k| (keys[k], own[k])).collect();
        let proof = prove(&[1; 32], &items, &mut rng(1)).unwrap();
        assert!(!statement.verify(index(1), &proof));
    }
}

#[test]
fn statements_and_shares_must_fit() {
    let guardians = Guardians::<Bls12381>::dkg(2, 3, 2);
    let other = Guardians::<Bls12381>::dkg(3, 4, 1);
    let statement = |keys: &[&Commitments<Bls12381>]| Statement::new(&[1; 32], keys).err();
    assert!(matches!(statement(&[]), Some(Error::Dealings(_))));
    assert!(matches!(statement(&[&guardians.keys[0], &other.keys[0]]), Some(Error::Dealings(_))));
    let statement = Statement::new(&[1; 32], &[&guardians.keys[0], &guardians.keys[1]]).unwrap();
    let prove = |shares: &[&Share<Bls12381>]| statement.prove(shares, &mut rng(1)).err();
    let (one, two) = (guardians.shares_of(1), guardians.shares_of(2));
    assert!(matches!(prove(&[]), Some(Error::Dealings(_))));
    assert!(matches!(prove(&[&one[0]]), Some(Error::Dealings(_))));
    assert!(matches!(prove(&[&one[0], &two[1]]), Some(Error::Dealings(_))));
    assert!(matches!(prove(&[&one[1], &one[0]]), Some(Error::ForeignShare { index: 1 })));
}

#[test]
fn folding_is_the_same_on_both_roads() {
    let guardians = Guardians::<Bls12381>::dkg(2, 3, 5);
    let points: Vec<_> = guardians.keys.iter().map(|key| key.points()[1]).collect();
    let weights: Vec<_> = (0..5).map(|k| weight::<Bls12381>(&[7; 32], k)).collect();
    let slow = points
        .iter()
        .zip(&weights)
        .fold(crate::ciphersuite::Point(crate::group::G1::infinity()), |acc, (p, w)| {
            acc + *p * curve::from_u128::<Bls12381>(u128::from_le_bytes(*w))
        });
    assert!(Bls12381::weighted_sum(&points, &weights) == slow);
}

proptest! {
    #[test]
    fn whatever_is_sent_is_answered(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let _ = Proof::<Bls12381>::from_bytes(&bytes);
        let _ = Proof::<Secp256K1Sha256>::from_bytes(&bytes);
        let mut sized = bytes.clone();
        sized.resize(80, 1);
        let _ = Proof::<Bls12381>::from_bytes(&sized);
        sized.resize(65, 1);
        sized[0] = 2;
        let _ = Proof::<Secp256K1Sha256>::from_bytes(&sized);
    }
}
