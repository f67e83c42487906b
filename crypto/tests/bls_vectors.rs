//! BLS against py_ecc: keys, signatures, commitments, shares and their combination.

#![allow(clippy::unwrap_used, reason = "a broken vector fails its test")]

use crypto::keys::{PublicKey, PublicKeySet, SecretKey, SecretKeyShare};
use crypto::partial::{CombineJob, Combined, batch_verify, combine, verify, verify_partial};
use crypto::spec::{BlsPubkey, BlsSignature, Root};
use crypto::threshold::ShareIndex;
use crypto::wire::parse_hex;
use rand::SeedableRng;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    signatures: Vec<Signed>,
    threshold: Shared,
}

#[derive(Deserialize)]
struct Signed {
    secret_key: String,
    public_key: BlsPubkey,
    signing_root: Root,
    signature: BlsSignature,
}

#[derive(Deserialize)]
struct Shared {
    commitments: PublicKeySet,
    signing_root: Root,
    signature: BlsSignature,
    shares: Vec<Share>,
}

#[derive(Deserialize)]
struct Share {
    index: ShareIndex,
    secret: String,
    public_key: BlsPubkey,
    signature: BlsSignature,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors/bls_py_ecc.json")).unwrap()
}

#[test]
fn signs_and_verifies_as_py_ecc_does() {
    let vectors = vectors();
    let mut claims = Vec::new();
    for case in &vectors.signatures {
        let secret = SecretKey::from_bytes(&parse_hex("secret", &case.secret_key).unwrap()).unwrap();
        assert_eq!(secret.public_key().to_bytes(), case.public_key);
        assert_eq!(secret.sign(case.signing_root), case.signature);
        let key = PublicKey::try_from(case.public_key).unwrap();
        assert!(verify(&key, case.signing_root, &case.signature));
        assert!(!verify(&key, Root([9; 32]), &case.signature));
        claims.push((key, case.signing_root, case.signature));
    }
    let mut rng = rand::rngs::StdRng::seed_from_u64(1);
    assert_eq!(batch_verify(&claims, &mut rng), vec![true; claims.len()]);
    let swapped = claims[0].2;
    claims[0].2 = claims[2].2;
    claims[2].2 = swapped;
    assert_eq!(batch_verify(&claims, &mut rng), [false, true, false, true]);
}

#[test]
fn shares_are_py_eccs_shares_and_combine_to_its_signature() {
    let shared = vectors().threshold;
    let mut partials = Vec::new();
    for case in &shared.shares {
        let share = SecretKeyShare::new(case.index, &parse_hex("share", &case.secret).unwrap()).unwrap();
        shared.commitments.verify_share(&share).unwrap();
        assert_eq!(shared.commitments.public_share(case.index).to_bytes(), case.public_key);
        let partial = share.sign(shared.signing_root);
        assert_eq!(partial.signature.compress().unwrap(), case.signature);
        assert!(verify_partial(&share.public_share(), shared.signing_root, &partial.signature));
        partials.push(partial);
    }
    for leave_out in 0..4 {
        let mut three = partials.clone();
        three.remove(leave_out);
        let job =
            CombineJob { key_set: &shared.commitments, signing_root: shared.signing_root, partials: &three };
        let combined = combine(&[job], &mut rand::rngs::StdRng::seed_from_u64(2));
        assert_eq!(combined, [Combined::Signature { signature: shared.signature, culprits: vec![] }]);
    }
}
