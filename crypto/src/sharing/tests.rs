use super::*;
use crate::dealing::tests::{Guardians, index, rng};
use crate::keys::SecretKey;
use crate::threshold::Threshold;
use frost_core::keys::{PublicKeyPackage, VerifiableSecretSharingCommitment};
use frost_secp256k1::Secp256K1Sha256;
use proptest::prelude::*;

/// Public shares by `frost-core`'s evaluation, with full-width powers of x.
fn horner_agrees<C: Curve>() {
    let key = Guardians::<C>::dkg(5, 7, 1).keys.remove(0);
    let commitment = VerifiableSecretSharingCommitment::<C>::deserialize_whole(key.as_bytes()).unwrap();
    for x in [1u16, 2, 3, 7, 64, 99, 100] {
        let id = x.try_into().unwrap();
        let theirs = PublicKeyPackage::from_commitment(&[id].into(), &commitment).unwrap();
        assert_eq!(key.at(index(x)).to_bytes(), theirs.verifying_shares()[&id].serialize().unwrap());
        assert_eq!(key.key(), theirs.verifying_key().serialize().unwrap());
    }
    assert_eq!(key.public_key().to_bytes(), key.key());
}

#[test]
fn public_shares_are_frost_cores() {
    horner_agrees::<crate::ciphersuite::Bls12381>();
    horner_agrees::<Secp256K1Sha256>();
}

#[test]
fn they_convert_to_keys_and_back() {
    let (set, shares) = SecretKey::generate(&mut rng(1)).split(Threshold::new(3, 4).unwrap(), &mut rng(2));
    let commitments = Commitments::from(&set);
    assert_eq!(commitments, Commitments::from_bytes(&set.to_bytes()).unwrap());
    assert_eq!(PublicKeySet::from(&commitments), set);
    assert_eq!(commitments.t(), 3);
    assert_eq!(commitments.key(), set.public_key().0);
    for share in &shares {
        let generic = Share::from(share);
        assert!(commitments.verify(&generic));
        assert_eq!(generic.to_bytes(), share.to_bytes());
        assert!(SecretKeyShare::from(&generic) == *share);
        assert_eq!(generic.public().to_bytes(), share.public_share().to_bytes().0);
        assert!(Share::from_bytes(share.index(), &share.to_bytes()).unwrap() == generic);
    }
}

#[test]
fn lengths_and_values_are_strict() {
    fn strict<C: Curve>(order: &str) {
        let key = Guardians::<C>::dkg(3, 4, 1).keys.remove(0);
        let bytes = key.to_bytes();
        assert_eq!(Commitments::<C>::from_bytes(&bytes).unwrap(), key);
        for length in [0, 1, C::POINT - 1, bytes.len() - 1] {
            let refused = Commitments::<C>::from_bytes(&bytes[..length]).err();
            assert_eq!(refused, Some(Error::CommitmentsLength { point: C::POINT, got: length }));
        }
        assert!(Commitments::<C>::from_bytes(&key.key().repeat(100)).is_ok());
        assert!(Commitments::<C>::from_bytes(&key.key().repeat(101)).is_err());
        let mut order: [u8; 32] = crate::wire::parse_hex("order", order).unwrap();
        assert!(Share::<C>::from_bytes(index(1), &order).is_err());
        assert!(Share::<C>::from_bytes(index(1), &[0; 32]).is_err());
        order[31] -= 1;
        assert!(Share::<C>::from_bytes(index(1), &order).is_ok());
    }
    strict::<crate::ciphersuite::Bls12381>(
        "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001",
    );
    strict::<Secp256K1Sha256>("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
}

proptest! {
    #[test]
    fn whatever_is_read_is_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for point in [33, 48] {
            let mut whole = bytes.clone();
            whole.truncate(bytes.len() / point * point);
            let _ = Commitments::<crate::ciphersuite::Bls12381>::from_bytes(&whole);
            let _ = Commitments::<Secp256K1Sha256>::from_bytes(&whole);
        }
    }

    #[test]
    fn what_is_read_is_written(seed in any::<[u8; 32]>()) {
        if let Ok(share) = Share::<Secp256K1Sha256>::from_bytes(index(1), &seed) {
            prop_assert_eq!(*share.to_bytes(), seed);
        }
        if let Ok(share) = Share::<crate::ciphersuite::Bls12381>::from_bytes(index(1), &seed) {
            prop_assert_eq!(*share.to_bytes(), seed);
        }
    }
}
