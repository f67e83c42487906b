//! A registration as Puffer's tools made it: its envelopes open here, and its shares sign what it signed.

#![allow(clippy::unwrap_used, reason = "a broken vector fails its test")]

use crypto::Error;
use crypto::custody::{CustodyEnvelope, CustodyPublicKey, CustodySecretKey, open};
use crypto::keys::{PublicKey, PublicKeySet, SecretKeyShare};
use crypto::partial::{CombineJob, Combined, combine, verify};
use crypto::spec::{BlsPubkey, BlsSignature, Root};
use crypto::threshold::ShareIndex;
use crypto::wire::parse_hex;
use rand::SeedableRng;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    bls_pub_key_set: PublicKeySet,
    bls_pub_key: BlsPubkey,
    guardian_eth_secret_keys: Vec<String>,
    guardian_eth_pub_keys: Vec<CustodyPublicKey>,
    bls_enc_priv_key_shares: Vec<CustodyEnvelope>,
    deposit: Deposit,
    expected: Expected,
}

#[derive(Deserialize)]
struct Deposit {
    signature: BlsSignature,
    signing_root: Root,
}

#[derive(Deserialize)]
struct Expected {
    decrypted_shares: Vec<String>,
    share_pub_keys: Vec<BlsPubkey>,
}

fn vector() -> Vector {
    serde_json::from_str(include_str!("vectors/puffer_custody.json")).unwrap()
}

fn key(vector: &Vector, position: usize) -> CustodySecretKey {
    let bytes = parse_hex("custody key", &vector.guardian_eth_secret_keys[position]).unwrap();
    CustodySecretKey::from_bytes(&bytes).unwrap()
}

fn shares(vector: &Vector) -> Vec<SecretKeyShare> {
    let indices = (1..=4).map(|x| ShareIndex::new(x).unwrap());
    indices
        .map(|index| {
            open(&key(vector, index.position()), &vector.bls_enc_priv_key_shares[index.position()], index)
                .unwrap()
        })
        .collect()
}

#[test]
fn all_four_shares_open_and_match_their_public_shares() {
    let vector = vector();
    assert_eq!(vector.bls_pub_key_set.t(), 3);
    assert_eq!(vector.bls_pub_key_set.public_key(), vector.bls_pub_key);
    for (position, share) in shares(&vector).iter().enumerate() {
        assert_eq!(key(&vector, position).public_key(), vector.guardian_eth_pub_keys[position]);
        assert_eq!(hex::encode(share.to_bytes()), vector.expected.decrypted_shares[position]);
        assert_eq!(share.public_share().to_bytes(), vector.expected.share_pub_keys[position]);
        vector.bls_pub_key_set.verify_share(share).unwrap();
    }
}

#[test]
fn every_three_shares_recreate_the_deposit_signature_byte_for_byte() {
    let vector = vector();
    let root = vector.deposit.signing_root;
    let all: Vec<_> = shares(&vector).iter().map(|share| share.sign(root)).collect();
    for leave_out in 0..4 {
        let mut partials = all.clone();
        partials.remove(leave_out);
        let job = CombineJob { key_set: &vector.bls_pub_key_set, signing_root: root, partials: &partials };
        let combined = combine(&[job], &mut rand::rngs::StdRng::seed_from_u64(3));
        let signature = vector.deposit.signature;
        assert_eq!(combined, [Combined::Signature { signature, culprits: vec![] }]);
    }
    assert!(verify(&PublicKey::try_from(vector.bls_pub_key).unwrap(), root, &vector.deposit.signature));
}

#[test]
fn no_other_guardian_can_open_a_share() {
    let vector = vector();
    for holder in 0..4 {
        for (slot, envelope) in vector.bls_enc_priv_key_shares.iter().enumerate() {
            let opened = open(&key(&vector, holder), envelope, ShareIndex::new(1).unwrap());
            assert_eq!(opened.is_ok(), holder == slot);
            if holder != slot {
                assert_eq!(opened.err(), Some(Error::Envelope));
            }
        }
    }
}

#[test]
fn a_share_under_another_index_is_refused() {
    let vector = vector();
    let wrong =
        open(&key(&vector, 0), &vector.bls_enc_priv_key_shares[0], ShareIndex::new(2).unwrap()).unwrap();
    assert_eq!(vector.bls_pub_key_set.verify_share(&wrong), Err(Error::ForeignShare { index: 2 }));
}
