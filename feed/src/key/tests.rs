use super::*;
use crate::scene::{NOW, binding, definition, feed_key, identity};

const ALICE: GuardianIndex = GuardianIndex(1);
const BOB: GuardianIndex = GuardianIndex(2);

#[test]
fn a_binding_opens_for_its_guardian_and_network_only() {
    let definition = definition();
    assert_eq!(binding(1).open(&definition, ALICE), Ok(feed_key(1).public()));
    let refused = |binding: KeyBinding, guardian| match binding.open(&definition, guardian) {
        Err(Error::Binding { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(binding(1), BOB), "unknown_sender");
    let elsewhere = KeyBinding::seal(NetworkId([9; 32]), &identity(1), &feed_key(1).public(), NOW);
    assert_eq!(refused(elsewhere, ALICE), "wrong_network");
    // What a guardian says to its network, or in a ceremony, is no binding.
    let said = KeyBinding(identity(1).seal(&KeyBinding::domain(definition.id()), &[7; 32], NOW));
    assert_eq!(refused(said, ALICE), "bad_signature");
    assert_eq!(refused(KeyBinding(Vec::new()), ALICE), "truncated");
    assert!(matches!(binding(1).open(&definition, GuardianIndex(5)), Err(Error::Guardian { .. })));
}

#[test]
fn every_flipped_bit_of_a_binding_is_refused() {
    let (definition, good) = (definition(), binding(1));
    assert_eq!(good.0.len(), BINDING);
    for bit in 0..good.0.len() * 8 {
        let mut forged = good.clone();
        forged.0[bit / 8] ^= 1 << (bit % 8);
        assert!(forged.open(&definition, ALICE).is_err(), "bit {bit}");
    }
}

#[test]
fn a_weak_or_short_key_is_none_though_sealed() {
    let definition = definition();
    let seal = |key: &[u8]| KeyBinding(identity(1).seal_in(&KeyBinding::domain(definition.id()), key, NOW));
    // The neutral element, a point of order four, and no point.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    for weak in [neutral, [0; 32], [2; 32]] {
        assert_eq!(seal(&weak).open(&definition, ALICE), Err(Error::FeedKey), "{weak:?}");
    }
    assert_eq!(seal(&[1; 31]).open(&definition, ALICE), Err(Error::FeedKey));
    assert!(!FeedPublicKey(neutral).verifies(b"anything", &[0; 64]));
}

/// RFC 8032, section 7.1, test 2.
#[test]
fn signatures_are_those_of_the_rfc() {
    let seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    let signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                     085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
    let key = FeedKey::from_seed(hex::decode(seed).unwrap().try_into().unwrap());
    assert_eq!(hex::encode(key.public().0), public);
    assert_eq!(hex::encode(key.sign(&[0x72])), signature);
    assert!(key.public().verifies(&[0x72], &key.sign(&[0x72])));
    assert!(!key.public().verifies(&[0x73], &key.sign(&[0x72])));
}

#[test]
fn a_binding_is_base64_in_text() {
    let text = serde_json::to_string(&binding(1)).unwrap();
    assert_eq!(serde_json::from_str::<KeyBinding>(&text).unwrap(), binding(1));
    for wrong in ["\"\"", "\"AA==\"", "\"%\"", "7"] {
        assert!(serde_json::from_str::<KeyBinding>(wrong).is_err());
    }
}
