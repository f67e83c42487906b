use super::*;
use crate::keys::SecretKey as BlsSecretKey;
use crate::threshold::Threshold;
use rand::SeedableRng;
use rand::rngs::StdRng;

fn share(rng: &mut StdRng) -> SecretKeyShare {
    BlsSecretKey::generate(rng).split(Threshold::new(2, 3).unwrap(), rng).1.remove(1)
}

#[test]
fn a_sealed_share_opens_for_its_guardian_only() {
    let mut rng = StdRng::seed_from_u64(31);
    let (alice, mallory) = (CustodySecretKey::generate(&mut rng), CustodySecretKey::generate(&mut rng));
    let share = share(&mut rng);
    let envelope = seal(&alice.public_key(), &share, &mut rng).unwrap();
    assert!(open(&alice, &envelope, share.index()).unwrap() == share);
    assert_eq!(open(&mallory, &envelope, share.index()).err(), Some(Error::Envelope));
    assert_ne!(seal(&alice.public_key(), &share, &mut rng).unwrap(), envelope);
}

#[test]
fn a_changed_bit_anywhere_is_noticed() {
    let mut rng = StdRng::seed_from_u64(32);
    let alice = CustodySecretKey::generate(&mut rng);
    let share = share(&mut rng);
    let envelope = seal(&alice.public_key(), &share, &mut rng).unwrap();
    for place in 0..CustodyEnvelope::LEN {
        let mut changed = envelope;
        changed.0[place] ^= 1;
        assert_eq!(open(&alice, &changed, share.index()).err(), Some(Error::Envelope), "byte {place}");
    }
}

#[test]
fn a_sealed_zero_or_out_of_range_share_is_refused() {
    let mut rng = StdRng::seed_from_u64(33);
    let alice = CustodySecretKey::generate(&mut rng);
    for plaintext in [[0u8; 32], [0xff; 32]] {
        // What `seal` would make of it, could such a share exist.
        let ephemeral = SecretKey::generate_from_rng(&mut rng);
        let point = uncompressed(&ephemeral.public_key());
        let mut text = plaintext;
        let tag = cipher(&ephemeral, &alice.public_key().0, &point, &[])
            .unwrap()
            .encrypt_inout_detached(&[5; NONCE].into(), &[], text.as_mut_slice().into())
            .unwrap();
        let bytes = [&point[..], &[5; NONCE], &tag, &text].concat();
        let envelope = CustodyEnvelope::try_from(bytes.as_slice()).unwrap();
        let opened = open(&alice, &envelope, ShareIndex::new(1).unwrap());
        assert_eq!(opened.err(), Some(Error::SecretScalar { what: "key share" }));
    }
}

#[test]
fn keys_are_checked_and_read_back() {
    assert_eq!(CustodySecretKey::from_bytes(&[0; 32]).err(), Some(Error::CustodySecretKey));
    assert_eq!(CustodySecretKey::from_bytes(&[0xff; 32]).err(), Some(Error::CustodySecretKey));
    assert_eq!(CustodyPublicKey::from_bytes(&[4; 65]).err(), Some(Error::CustodyPublicKey));
    let key = CustodySecretKey::generate(&mut StdRng::seed_from_u64(34));
    let again = CustodySecretKey::from_bytes(&key.to_bytes()).unwrap();
    assert_eq!(again.public_key(), key.public_key());
    let json = serde_json::to_string(&key.public_key()).unwrap();
    assert!(json.starts_with("\"0x04") && json.len() == 2 + 2 + 130);
    assert_eq!(serde_json::from_str::<CustodyPublicKey>(&json).unwrap(), key.public_key());
    assert_eq!(
        "0x04".parse::<CustodyPublicKey>().err(),
        Some(Error::Length { what: "custody public key", expected: 65, got: 1 })
    );
}

#[test]
fn a_key_has_the_address_that_wallets_show() {
    // The first of the accounts every local Ethereum node offers, with its well-known key.
    let secret =
        crate::wire::parse_hex("key", "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
            .unwrap();
    let key = CustodySecretKey::from_bytes(&secret).unwrap();
    assert_eq!(key.public_key().address().to_string(), "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
}

#[test]
fn a_parcel_opens_for_its_recipient_in_its_place_only() {
    let mut rng = rand::rngs::StdRng::seed_from_u64(7);
    let (key, other) = (CustodySecretKey::generate(&mut rng), CustodySecretKey::generate(&mut rng));
    let text = vec![9u8; 5_000];
    let mut parcel = seal_parcel(&key.public_key(), b"here", &text, &mut rng).unwrap();
    assert_eq!(*open_parcel(&key, b"here", &parcel).unwrap(), text);
    assert!(open_parcel(&key, b"there", &parcel).is_err());
    assert!(open_parcel(&other, b"here", &parcel).is_err());
    assert!(open_parcel(&key, b"here", &parcel[..90]).is_err());
    *parcel.last_mut().unwrap() ^= 1;
    assert!(open_parcel(&key, b"here", &parcel).is_err());
    assert!(seal_parcel(&key.public_key(), b"here", &vec![0; 65 * 1024], &mut rng).is_err());
}
