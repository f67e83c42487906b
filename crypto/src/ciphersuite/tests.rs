use super::*;
use crate::dealing::tests::{Older, rng};
use frost_core::keys::{IdentifierList, KeyPackage, split};
use frost_core::{Identifier, SigningKey, VerifyingKey};
use std::collections::BTreeMap;

/// r - 1, big-endian.
const LARGEST: &str = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000";

#[test]
fn scalars_are_big_endian_and_strict() {
    let mut bytes: [u8; 32] = crate::wire::parse_hex("order", LARGEST).unwrap();
    let largest = ScalarField::deserialize(&bytes).unwrap();
    assert!(largest + ScalarField::one() == ScalarField::zero());
    assert!(ScalarField::zero() - ScalarField::one() == largest);
    assert!(largest * largest == ScalarField::one());
    assert_eq!(ScalarField::serialize(&largest), bytes);
    let mut reversed = ScalarField::little_endian_serialize(&largest);
    reversed.reverse();
    assert_eq!(reversed, bytes);
    bytes[31] = 1;
    assert_eq!(ScalarField::deserialize(&bytes).err(), Some(FieldError::MalformedScalar));
    assert_eq!(ScalarField::invert(&ScalarField::zero()).err(), Some(FieldError::InvalidZeroScalar));
    for _ in 0..10 {
        let scalar = ScalarField::random(&mut Older(rng(1)));
        assert!(scalar * ScalarField::invert(&scalar).unwrap() == ScalarField::one());
    }
}

#[test]
fn points_are_a_group_and_infinity_is_no_encoding() {
    let g = G1Group::generator();
    assert_eq!(hex::encode(&G1Group::serialize(&g).unwrap()[..4]), "97f1d3a7");
    let three = ScalarField::one() + ScalarField::one() + ScalarField::one();
    assert!(g * three == g + g + g);
    assert!(g * three - g == g + g);
    assert!(g - g == G1Group::identity());
    assert!(g * ScalarField::zero() == G1Group::identity());
    assert!(G1Group::identity() + g == g);
    assert!(G1Group::cofactor() == ScalarField::one());
    assert_eq!(G1Group::serialize(&G1Group::identity()).err(), Some(GroupError::InvalidIdentityElement));
    let mut infinity = [0u8; 48];
    infinity[0] = 0xc0;
    assert!(G1Group::deserialize(&infinity).is_err());
    assert!(G1Group::deserialize(&[0; 48]).is_err());
    let bytes = G1Group::serialize(&(g * three)).unwrap();
    assert!(G1Group::deserialize(&bytes).unwrap() == g * three);
}

#[test]
fn a_key_is_a_bls_key() {
    let key = SigningKey::<Bls12381>::new(&mut Older(rng(1)));
    let bytes: [u8; 32] = key.serialize().try_into().unwrap();
    let secret = crate::keys::SecretKey::from_bytes(&bytes).unwrap();
    assert_eq!(VerifyingKey::from(&key).serialize().unwrap(), secret.public_key().to_bytes().0);
}

/// The hash to scalars by RFC 9380, with values of Python's `hashlib`.
#[test]
fn hashes_are_apart() {
    let message = b"message";
    let all = [Bls12381::H1(message), Bls12381::H2(message), Bls12381::H3(message)];
    let more = [Bls12381::HDKG(message).unwrap(), Bls12381::HID(message).unwrap()];
    let bytes: Vec<_> = all.iter().chain(&more).map(ScalarField::serialize).collect();
    assert_eq!(bytes.iter().collect::<std::collections::BTreeSet<_>>().len(), 5);
    assert_ne!(Bls12381::H4(message), Bls12381::H5(message));
    assert_eq!(hex::encode(bytes[0]), "0742ad0bb430f7676e72d32dbb213be7d578ad77e4d4d0883f8f23b17cfa2614");
}

/// FROST as a whole runs on the suite: what `frost-core` checks of a group on the way must hold.
#[test]
fn frost_signs_and_verifies_on_it() {
    let key = SigningKey::<Bls12381>::new(&mut Older(rng(1)));
    let (shares, everybody) = split(&key, 5, 3, IdentifierList::Default, &mut Older(rng(2))).unwrap();
    let packages: BTreeMap<Identifier<Bls12381>, KeyPackage<Bls12381>> =
        shares.into_iter().map(|(id, share)| (id, share.try_into().unwrap())).take(3).collect();
    let rounds: BTreeMap<_, _> = packages
        .iter()
        .map(|(id, package)| (*id, frost_core::round1::commit(package.signing_share(), &mut Older(rng(4)))))
        .collect();
    let commitments = rounds.iter().map(|(id, (_, commitments))| (*id, *commitments)).collect();
    let package = frost_core::SigningPackage::new(commitments, b"message");
    let shares = packages
        .iter()
        .map(|(id, key)| (*id, frost_core::round2::sign(&package, &rounds[id].0, key).unwrap()))
        .collect();
    let signature = frost_core::aggregate(&package, &shares, &everybody).unwrap();
    assert!(everybody.verifying_key().verify(b"message", &signature).is_ok());
    assert!(everybody.verifying_key().verify(b"another", &signature).is_err());
    let read = frost_core::Signature::deserialize(&signature.serialize().unwrap()).unwrap();
    assert_eq!(read, signature);
}
