use super::*;
use crate::ciphersuite::Bls12381;
use crate::dealing::tests::{context, rng};
use frost_secp256k1::Secp256K1Sha256;
use std::collections::BTreeSet;

fn derive<C: Curve>(seed: &Seed, number: u8, label: &str, place: Place) -> [u8; 32] {
    *curve::scalar_bytes::<C>(&seed.stream(&context(number)).scalar::<C>(label, place).unwrap().0)
}

#[test]
fn every_place_label_ceremony_curve_and_seed_has_its_own_scalar() {
    let seed = Seed::from_bytes(&[1; 32]);
    let place = Place { batch: 1, key: 2, coefficient: 3 };
    let scalars = [
        derive::<Bls12381>(&seed, 1, "a", place),
        derive::<Bls12381>(&seed, 2, "a", place),
        derive::<Bls12381>(&seed, 1, "b", place),
        derive::<Bls12381>(&seed, 1, "a", Place { batch: 2, ..place }),
        derive::<Bls12381>(&seed, 1, "a", Place { key: 1, ..place }),
        derive::<Bls12381>(&seed, 1, "a", Place { coefficient: 2, ..place }),
        derive::<Secp256K1Sha256>(&seed, 1, "a", place),
        derive::<Bls12381>(&Seed::from_bytes(&[2; 32]), 1, "a", place),
    ];
    assert_eq!(scalars.iter().collect::<BTreeSet<_>>().len(), scalars.len());
    assert_eq!(scalars[0], derive::<Bls12381>(&Seed::from_bytes(&[1; 32]), 1, "a", place));
}

/// Values of Python's `hmac` and integers, by RFC 5869.
#[test]
fn the_derivation_is_hkdf_reduced() {
    let seed = Seed::from_bytes(&[1; 32]);
    let place = Place { batch: 1, key: 2, coefficient: 3 };
    assert_eq!(
        hex::encode(derive::<Bls12381>(&seed, 1, "label", place)),
        "6660d899bbb4992427b8e655591c1e91a241c3e4cb0dbd5613ea28b15c5c4158"
    );
    assert_eq!(
        hex::encode(derive::<Secp256K1Sha256>(&seed, 1, "label", place)),
        "edb4311e8ea3c5fa3063b333fa4360a006835173772dda2dc460a8c176a0ef50"
    );
}

#[test]
fn a_seed_is_kept_and_read() {
    let seed = Seed::generate(&mut rng(1));
    assert!(Seed::from_bytes(&seed.to_bytes()) == seed);
    assert!(Seed::generate(&mut rng(2)) != seed);
}
