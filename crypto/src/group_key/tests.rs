use super::*;
use crate::Error;
use crate::execution::Address;
use crate::threshold::{ShareIndex, Threshold};
use borsh::BorshDeserialize;
use frost_secp256k1::keys::{IdentifierList, split};
use frost_secp256k1::rand_core as old;
use frost_secp256k1::{Identifier, SigningKey};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;

/// The order of secp256k1 (SEC 2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];
const MESSAGE: [u8; 32] = [9; 32];

/// Our generator for the library, which wants the traits of years ago.
struct Old<'a>(&'a mut StdRng);

impl old::RngCore for Old<'_> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), old::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl old::CryptoRng for Old<'_> {}

fn index(x: u16) -> ShareIndex {
    ShareIndex::new(x).unwrap()
}

/// A key as the library's dealer deals it.
fn deal(t: u16, n: u16, rng: &mut StdRng) -> (GroupKeySet, Vec<GroupShare>) {
    let secret = SigningKey::new(&mut Old(rng));
    let (dealt, _) = split(&secret, n, t, IdentifierList::Default, &mut Old(rng)).unwrap();
    let threshold = Threshold::new(t, n).unwrap();
    let (shares, commitments): (Vec<_>, Vec<_>) = threshold
        .indices()
        .map(|index| {
            let share = &dealt[&Identifier::try_from(index.get()).unwrap()];
            let bytes = share.signing_share().serialize().try_into().unwrap();
            let share_of_index = GroupShare::from_bytes(index, &bytes).unwrap();
            (share_of_index, share.commitment().serialize_whole().unwrap())
        })
        .unzip();
    (GroupKeySet::from_bytes(threshold, &commitments[0]).unwrap(), shares)
}

/// A session of the shares at `who`: its package, and everyone's nonces.
fn session(shares: &[GroupShare], who: &[usize], rng: &mut StdRng) -> (SigningPackage, Vec<Nonces>) {
    let (nonces, published): (Vec<_>, Vec<_>) =
        who.iter().map(|position| commit(&shares[*position], rng)).unzip();
    let signers = who.iter().map(|position| shares[*position].index()).zip(published);
    (SigningPackage::new(MESSAGE, signers).unwrap(), nonces)
}

/// Everyone's share of the signature.
fn signed(
    set: &GroupKeySet,
    shares: &[GroupShare],
    who: &[usize],
    rng: &mut StdRng,
) -> (SigningPackage, BTreeMap<ShareIndex, SignatureShare>) {
    let (package, nonces) = session(shares, who, rng);
    let given = who.iter().zip(nonces).map(|(position, nonces)| {
        let share = &shares[*position];
        (share.index(), sign(share, set, nonces, &package).unwrap())
    });
    let given = given.collect();
    (package, given)
}

#[test]
fn any_t_guardians_sign_and_no_fewer() {
    let mut rng = StdRng::seed_from_u64(1);
    for (t, n) in [(2, 2), (3, 4), (5, 7)] {
        let (set, shares) = deal(t, n, &mut rng);
        for share in &shares {
            set.verify_share(share).unwrap();
        }
        let all: Vec<_> = (0..usize::from(n)).collect();
        for who in [&all[..], &all[..usize::from(t)], &all[usize::from(n - t)..]] {
            let (package, given) = signed(&set, &shares, who, &mut rng);
            let signature = aggregate(&set, &package, &given).unwrap();
            assert!(verify(&set.key(), &MESSAGE, &signature));
            assert!(!verify(&set.key(), &[8; 32], &signature));
            assert!(!verify(&deal(t, n, &mut rng).0.key(), &MESSAGE, &signature));
        }
        let few = &all[..usize::from(t) - 1];
        let (package, nonces) = session(&shares, few, &mut rng);
        let refusal = Refusal::TooFewSigners { got: few.len(), t };
        assert_eq!(package.check(&set), Err(refusal));
        assert_eq!(sign(&shares[0], &set, nonces.into_iter().next().unwrap(), &package), Err(refusal));
        assert_eq!(aggregate(&set, &package, &BTreeMap::new()), Err(NotSigned::Package(refusal)));
    }
}

/// The polynomial of one of one is a constant, which the library's dealer does not deal.
#[test]
fn one_guardian_alone_signs_where_one_is_enough() {
    let mut rng = StdRng::seed_from_u64(2);
    let (set, _) = deal(2, 2, &mut rng);
    let secret = SigningKey::new(&mut Old(&mut rng));
    let key = frost_secp256k1::VerifyingKey::from(&secret).serialize().unwrap();
    let set_of_one = GroupKeySet::from_bytes(Threshold::new(1, 3).unwrap(), &key).unwrap();
    let bytes: [u8; 32] = secret.serialize().try_into().unwrap();
    let shares: Vec<_> = (1..=3).map(|x| GroupShare::from_bytes(index(x), &bytes).unwrap()).collect();
    for who in [&[1][..], &[0, 2]] {
        let (package, given) = signed(&set_of_one, &shares, who, &mut rng);
        assert!(verify(&set_of_one.key(), &MESSAGE, &aggregate(&set_of_one, &package, &given).unwrap()));
        assert!(package.check(&set).is_err() == (who.len() < 2 || who.contains(&2)));
    }
}

/// Schnorr's equation by another version of the curve, the challenge written down from RFC 9380.
#[test]
fn a_signature_is_one_by_the_equation_itself() {
    use k256::elliptic_curve::PrimeField;
    use k256::elliptic_curve::sec1::ToSec1Point;
    use k256::{ProjectivePoint, Scalar};
    use sha2::{Digest, Sha256};
    let scalar = |bytes: &[u8]| -> Scalar {
        let bytes: [u8; 32] = bytes.try_into().unwrap();
        Option::from(Scalar::from_repr(bytes.into())).unwrap()
    };
    let reduce = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(Scalar::ZERO, |acc, byte| acc * Scalar::from(256u64) + Scalar::from(u64::from(*byte)))
    };
    let mut rng = StdRng::seed_from_u64(3);
    for _ in 0..8 {
        let (set, shares) = deal(3, 4, &mut rng);
        let (package, given) = signed(&set, &shares, &[0, 2, 3], &mut rng);
        let signature = aggregate(&set, &package, &given).unwrap().to_bytes();
        let tag = [&b"FROST-secp256k1-SHA256-v1chal"[..], &[29]].concat();
        let message = [&signature[..33], &set.key().to_bytes(), &MESSAGE].concat();
        let b0 = Sha256::digest([&[0; 64][..], &message, &[0, 48, 0], &tag].concat());
        let b1 = Sha256::digest([&b0[..], &[1], &tag].concat());
        let mixed: Vec<_> = b0.iter().zip(&b1).map(|(a, b)| a ^ b).collect();
        let b2 = Sha256::digest([&mixed[..], &[2], &tag].concat());
        let challenge = reduce(&[&b1[..], &b2[..16]].concat());
        let point = |bytes: &[u8]| k256::PublicKey::from_sec1_bytes(bytes).unwrap().to_projective();
        let expected =
            ProjectivePoint::GENERATOR * scalar(&signature[33..]) - point(&set.key().to_bytes()) * challenge;
        assert_eq!(expected.to_affine().to_sec1_point(true).as_bytes(), &signature[..33]);
    }
}

#[test]
fn a_guardian_signs_only_what_it_committed_to() {
    let mut rng = StdRng::seed_from_u64(4);
    let (set, shares) = deal(3, 4, &mut rng);
    let refused = |package: &SigningPackage, nonces: Nonces| sign(&shares[0], &set, nonces, package).err();
    let mut fresh = || {
        let (package, mut nonces) = session(&shares, &[0, 1, 2], &mut rng);
        (package, nonces.swap_remove(0))
    };

    let (package, nonces) = fresh();
    assert_eq!(refused(&package, nonces), None);
    // The nonces of another session; another guardian's.
    let (package, _) = fresh();
    let (_, nonces) = fresh();
    assert_eq!(refused(&package, nonces), Some(Refusal::OtherCommitments));
    let mut other_rng = StdRng::seed_from_u64(5);
    let (package, mut nonces) = session(&shares, &[0, 1, 2], &mut other_rng);
    assert_eq!(refused(&package, nonces.swap_remove(1)), Some(Refusal::OtherCommitments));
    // A package of others.
    let (package, _) = session(&shares, &[1, 2, 3], &mut other_rng);
    let (nonces, _) = commit(&shares[0], &mut other_rng);
    assert_eq!(refused(&package, nonces), Some(Refusal::NotAsked));
    // Our commitments in another's place, another's in ours.
    let (mine, published) = commit(&shares[0], &mut other_rng);
    let theirs: Vec<_> = (1..3).map(|at: usize| commit(&shares[at], &mut other_rng).1).collect();
    let swapped = [(index(1), theirs[0]), (index(2), published), (index(3), theirs[1])];
    let package = SigningPackage::new(MESSAGE, swapped).unwrap();
    assert_eq!(refused(&package, mine), Some(Refusal::OtherCommitments));
    // Half of them.
    let (mine, published) = commit(&shares[0], &mut other_rng);
    let mixed = [&published.to_bytes()[..33], &theirs[0].to_bytes()[33..]].concat();
    let mixed = NonceCommitments::try_from(&mixed[..]).unwrap();
    let half = [(index(1), mixed), (index(2), theirs[0]), (index(3), theirs[1])];
    assert_eq!(refused(&SigningPackage::new(MESSAGE, half).unwrap(), mine), Some(Refusal::OtherCommitments));
}

#[test]
fn a_package_names_holders_of_shares_each_once() {
    let mut rng = StdRng::seed_from_u64(6);
    let (set, shares) = deal(3, 4, &mut rng);
    let (mine, published) = commit(&shares[0], &mut rng);
    let signers = |indices: &[u16]| indices.iter().map(|x| (index(*x), published)).collect::<Vec<_>>();
    assert_eq!(
        SigningPackage::new(MESSAGE, signers(&[1, 2, 1])),
        Err(Refusal::RepeatedSigner { index: index(1) })
    );
    let cases = [
        (&[1, 2][..], Refusal::TooFewSigners { got: 2, t: 3 }),
        (&[], Refusal::TooFewSigners { got: 0, t: 3 }),
        (&[1, 2, 5], Refusal::ForeignSigner { index: index(5) }),
        (&[1, 2, 3, 100], Refusal::ForeignSigner { index: index(100) }),
        (&[1, 2, 3, 4, 5], Refusal::TooManySigners { got: 5, n: 4 }),
    ];
    for (indices, refusal) in cases {
        let package = SigningPackage::new(MESSAGE, signers(indices)).unwrap();
        assert_eq!(package.check(&set), Err(refusal), "{indices:?}");
        let (nonces, _) = commit(&shares[0], &mut rng);
        assert_eq!(sign(&shares[0], &set, nonces, &package), Err(refusal));
        assert_eq!(aggregate(&set, &package, &BTreeMap::new()), Err(NotSigned::Package(refusal)));
    }
    // The same commitments from all is no flaw of form; it signs, and its signature is no forgery.
    let package = SigningPackage::new(MESSAGE, signers(&[1, 2, 3])).unwrap();
    assert!(sign(&shares[0], &set, mine, &package).is_ok());
    let codes = cases.map(|(_, refusal)| refusal.code());
    assert_eq!(codes[..2], ["too_few_signers", "too_few_signers"]);
    assert_eq!(codes[2..], ["foreign_signer", "foreign_signer", "too_many_signers"]);
}

#[test]
fn a_share_of_another_key_or_epoch_does_not_sign() {
    let mut rng = StdRng::seed_from_u64(7);
    let (set, shares) = deal(3, 4, &mut rng);
    let (_, others) = deal(3, 4, &mut rng);
    let moved = GroupShare::from_bytes(index(2), &shares[0].to_bytes()).unwrap();
    let beyond = GroupShare::from_bytes(index(5), &shares[0].to_bytes()).unwrap();
    for share in [&others[0], &moved, &beyond] {
        assert_eq!(set.verify_share(share), Err(Error::ForeignShare { index: share.index().get() }));
    }
    let (package, _) = session(&shares, &[0, 1, 2], &mut rng);
    let (nonces, _) = commit(&others[0], &mut rng);
    assert_eq!(sign(&others[0], &set, nonces, &package), Err(Refusal::ForeignShare));
    assert!(shares[0] == GroupShare::from_bytes(index(1), &shares[0].to_bytes()).unwrap());
    assert!(shares[0] != moved && shares[0] != others[0]);
}

#[test]
fn every_cheater_is_named_and_nobody_else() {
    let mut rng = StdRng::seed_from_u64(8);
    let (set, shares) = deal(5, 7, &mut rng);
    let who = [0, 1, 3, 4, 6];
    for cheaters in [&[1u16][..], &[7], &[2, 5], &[1, 2, 4, 5, 7]] {
        let (package, mut given) = signed(&set, &shares, &who, &mut rng);
        for (at, cheater) in cheaters.iter().enumerate() {
            let mut bytes = given[&index(*cheater)].to_bytes();
            // Each by another amount, or two may cancel each other out.
            bytes[20 + at] ^= 1;
            given.insert(index(*cheater), SignatureShare::from_bytes(&bytes).unwrap());
        }
        let named: Vec<_> = cheaters.iter().map(|x| index(*x)).collect();
        let result = aggregate(&set, &package, &given).unwrap_err();
        assert_eq!(result.culprits(), named);
        assert_eq!(result, NotSigned::Culprits(named));
    }
    // The share of another session, of another message, and zero.
    let (package, given) = signed(&set, &shares, &who, &mut rng);
    let (_, other) = signed(&set, &shares, &who, &mut rng);
    for wrong in [other[&index(4)], SignatureShare::from_bytes(&[0; 32]).unwrap(), given[&index(1)]] {
        let mut given = given.clone();
        given.insert(index(4), wrong);
        assert_eq!(aggregate(&set, &package, &given).unwrap_err().culprits(), [index(4)]);
    }
    // Swapped: both are false in their new places.
    let mut swapped = given.clone();
    swapped.insert(index(1), given[&index(2)]);
    swapped.insert(index(2), given[&index(1)]);
    // The sum is the same, so that the signature is good and there is nobody to blame.
    assert!(aggregate(&set, &package, &swapped).is_ok());
}

#[test]
fn a_signature_takes_the_shares_of_all_signers_and_no_others() {
    let mut rng = StdRng::seed_from_u64(9);
    let (set, shares) = deal(3, 5, &mut rng);
    let (package, mut given) = signed(&set, &shares, &[0, 1, 2], &mut rng);
    let signature = aggregate(&set, &package, &given).unwrap();
    let (_, late) = signed(&set, &shares, &[2, 3, 4], &mut rng);
    given.insert(index(5), late[&index(5)]);
    assert_eq!(aggregate(&set, &package, &given), Ok(signature));
    given.remove(&index(1));
    given.remove(&index(3));
    let missing = NotSigned::Missing(vec![index(1), index(3)]);
    assert_eq!(aggregate(&set, &package, &given), Err(missing.clone()));
    assert_eq!((missing.to_string(), missing.culprits()), ("no shares of 1, 3".to_owned(), &[][..]));
}

#[test]
fn nonces_differ_even_where_the_generator_repeats_itself_for_others() {
    let mut rng = StdRng::seed_from_u64(10);
    let (_, shares) = deal(3, 4, &mut rng);
    let published: Vec<_> =
        shares.iter().map(|share| commit(share, &mut StdRng::seed_from_u64(1)).1).collect();
    for (at, one) in published.iter().enumerate() {
        assert!(!published[..at].contains(one), "hashed with the share");
        assert_ne!(one.to_bytes()[..33], one.to_bytes()[33..]);
    }
    assert_ne!(commit(&shares[0], &mut rng).1, commit(&shares[0], &mut rng).1);
}

#[test]
fn points_have_one_encoding_and_are_not_infinite() {
    let mut rng = StdRng::seed_from_u64(11);
    let good = deal(2, 3, &mut rng).0.key().to_bytes();
    let refused = |bytes: [u8; 33]| {
        assert!(GroupPublicKey::from_bytes(&bytes).is_err(), "{bytes:02x?}");
        let mut both = [good, good].concat();
        both[33..].copy_from_slice(&bytes);
        assert!(NonceCommitments::try_from(&both[..]).is_err());
        both.rotate_left(33);
        assert!(NonceCommitments::try_from(&both[..]).is_err());
        let signature = [&bytes[..], &[1; 32]].concat();
        assert!(GroupSignature::try_from(&signature[..]).is_err());
        let threshold = Threshold::new(2, 3).unwrap();
        assert!(GroupKeySet::from_bytes(threshold, &[good, bytes].concat()).is_err());
        assert!(GroupKeySet::from_bytes(threshold, &[bytes, good].concat()).is_err());
    };
    refused([0; 33]);
    refused([0xff; 33]);
    for prefix in [0, 1, 4, 5, 6, 7, 0x82, 0xff] {
        let mut other = good;
        other[0] = prefix;
        refused(other);
    }
    // The library itself would take the compact form of a point whose y it prefers.
    let mut both = good;
    let compact = |bytes: &[u8; 33]| frost_secp256k1::VerifyingKey::deserialize(bytes).is_ok();
    both[0] = 5;
    assert!(compact(&both), "no longer: the check of the prefix can go");
    // x of 0, 5 and the field: on no point; or beyond the field.
    for x in [0, 5] {
        let mut bytes = [0u8; 33];
        (bytes[0], bytes[32]) = (2, x);
        refused(bytes);
    }
    let mut field_plus_one = [0xffu8; 33];
    field_plus_one[0] = 2;
    field_plus_one[28..].copy_from_slice(&[0xfe, 0xff, 0xff, 0xfc, 0x30]);
    refused(field_plus_one);
}

#[test]
fn scalars_are_below_the_order() {
    let mut below = ORDER;
    below[31] -= 1;
    assert!(SignatureShare::from_bytes(&below).is_ok());
    assert!(SignatureShare::from_bytes(&[0; 32]).is_ok());
    assert!(GroupShare::from_bytes(index(1), &below).is_ok());
    for bytes in [ORDER, [0xff; 32]] {
        assert_eq!(
            SignatureShare::from_bytes(&bytes),
            Err(Error::Secp256k1Scalar { what: "signature share" })
        );
    }
    for bytes in [ORDER, [0xff; 32], [0; 32]] {
        let share = GroupShare::from_bytes(index(1), &bytes);
        assert_eq!(share.err(), Some(Error::Secp256k1Scalar { what: "group key share" }));
        let mut rng = StdRng::seed_from_u64(12);
        let signature = [&deal(2, 2, &mut rng).0.key().to_bytes()[..], &bytes].concat();
        assert!(GroupSignature::try_from(&signature[..]).is_err());
    }
}

#[test]
fn a_changed_bit_anywhere_makes_a_signature_none() {
    let mut rng = StdRng::seed_from_u64(13);
    let (set, shares) = deal(2, 3, &mut rng);
    let (package, given) = signed(&set, &shares, &[0, 1], &mut rng);
    let signature = aggregate(&set, &package, &given).unwrap().to_bytes();
    for bit in 0..8 * GroupSignature::LEN {
        let mut changed = signature;
        changed[bit / 8] ^= 1 << (bit % 8);
        let good = GroupSignature::from_bytes(&changed).is_ok_and(|s| verify(&set.key(), &MESSAGE, &s));
        assert!(!good, "bit {bit}");
    }
}

#[test]
fn a_key_set_has_t_commitments_and_no_share_of_zero() {
    let mut rng = StdRng::seed_from_u64(14);
    let (set, _) = deal(3, 4, &mut rng);
    let bytes = set.to_bytes();
    assert_eq!(bytes.len(), 99);
    for (t, n) in [(2, 4), (4, 4)] {
        let result = GroupKeySet::from_bytes(Threshold::new(t, n).unwrap(), &bytes);
        assert_eq!(result, Err(Error::GroupKeyLength { t, got: 99 }));
    }
    let threshold = set.threshold();
    for bad in [&bytes[..98], &[], &[&bytes[..], &[2]].concat()] {
        assert_eq!(
            GroupKeySet::from_bytes(threshold, bad),
            Err(Error::GroupKeyLength { t: 3, got: bad.len() })
        );
    }
    assert_eq!(set.public_share(index(5)), None);
    // f(x) = a - a x is zero at 1.
    let point = set.key().to_bytes();
    let mut negated = point;
    negated[0] ^= 1;
    let result = GroupKeySet::from_bytes(Threshold::new(2, 3).unwrap(), &[point, negated].concat());
    assert_eq!(result, Err(Error::ZeroShare { index: 1 }));
}

#[test]
fn everything_survives_the_wire() {
    let mut rng = StdRng::seed_from_u64(15);
    let (set, shares) = deal(3, 4, &mut rng);
    let (package, given) = signed(&set, &shares, &[0, 1, 3], &mut rng);
    let signature = aggregate(&set, &package, &given).unwrap();

    let wire = borsh::to_vec(&package).unwrap();
    assert_eq!(wire.len(), 32 + 1 + 3 * (2 + 66));
    assert_eq!((&wire[..32], &wire[32..35]), (&MESSAGE[..], &[3, 1, 0][..]));
    assert_eq!(SigningPackage::try_from_slice(&wire).unwrap(), package);
    let wire = borsh::to_vec(&set).unwrap();
    assert_eq!(wire[..4], [3, 0, 4, 0]);
    assert_eq!(wire[4..], set.to_bytes());
    assert_eq!(GroupKeySet::try_from_slice(&wire).unwrap(), set);
    let text = serde_json::to_string(&set).unwrap();
    assert_eq!(serde_json::from_str::<GroupKeySet>(&text).unwrap(), set);
    assert_eq!(borsh::to_vec(&signature).unwrap(), signature.to_bytes());
    assert_eq!(GroupSignature::try_from_slice(&signature.to_bytes()).unwrap(), signature);
    let text = serde_json::to_string(&signature).unwrap();
    assert_eq!(text, format!("\"{signature}\""));
    assert_eq!(serde_json::from_str::<GroupSignature>(&text).unwrap(), signature);
    let key = set.key();
    assert_eq!(key.to_string().parse::<GroupPublicKey>().unwrap(), key);
    assert_eq!(serde_json::from_str::<GroupPublicKey>(&format!("\"{key}\"")).unwrap(), key);
    assert!("0x00".parse::<GroupPublicKey>().is_err());
    assert_eq!(format!("{key:?}"), format!("GroupPublicKey({key})"));
}

#[test]
fn a_package_has_one_encoding() {
    let mut rng = StdRng::seed_from_u64(16);
    let (_, shares) = deal(3, 4, &mut rng);
    let (package, _) = session(&shares, &[0, 1, 2], &mut rng);
    let wire = borsh::to_vec(&package).unwrap();
    let entry = |at: usize| wire[33 + at * 68..33 + (at + 1) * 68].to_vec();
    let with = |count: u8, entries: &[Vec<u8>]| [&wire[..32], &[count], &entries.concat()].concat();
    assert!(SigningPackage::try_from_slice(&with(3, &[entry(0), entry(1), entry(2)])).is_ok());
    let mut foreign = entry(2);
    foreign[..2].copy_from_slice(&101u16.to_le_bytes());
    let mut zero = entry(0);
    zero[0] = 0;
    let mut infinite = entry(2);
    infinite[2..35].fill(0);
    for bad in [
        with(3, &[entry(1), entry(0), entry(2)]),
        with(3, &[entry(0), entry(0), entry(2)]),
        with(3, &[entry(0), entry(1)]),
        with(2, &[entry(0), entry(1), entry(2)]),
        with(101, &[entry(0), entry(1), entry(2)]),
        with(255, &vec![entry(0); 255]),
        with(3, &[entry(0), entry(1), foreign]),
        with(3, &[zero, entry(1), entry(2)]),
        with(3, &[entry(0), entry(1), infinite]),
        wire[..40].to_vec(),
        Vec::new(),
    ] {
        assert!(SigningPackage::try_from_slice(&bad).is_err());
    }
}

/// Figures of another Keccak; that the contract has the same is the matter of its own test.
#[test]
fn what_the_contract_binds_is_written_down() {
    let mut rng = StdRng::seed_from_u64(17);
    let contract = Address([0x11; 20]);
    let digest = evm_digest(1, &contract, 0, &[0x22; 32]);
    for other in [
        evm_digest(2, &contract, 0, &[0x22; 32]),
        evm_digest(1, &Address([0x12; 20]), 0, &[0x22; 32]),
        evm_digest(1, &contract, 1, &[0x22; 32]),
        evm_digest(1, &contract, 0, &[0x23; 32]),
    ] {
        assert_ne!(digest, other);
    }
    let (one, two) = (deal(2, 2, &mut rng).0.key(), deal(2, 2, &mut rng).0.key());
    assert_ne!(advance_payload(&[1; 32], &one), advance_payload(&[2; 32], &one));
    assert_ne!(advance_payload(&[1; 32], &one), advance_payload(&[1; 32], &two));
    let generator: GroupPublicKey =
        "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798".parse().unwrap();
    assert_eq!(
        hex::encode(generator.coordinates().1),
        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
    );
    assert_eq!(hex::encode(digest), GOLDEN_DIGEST);
    assert_eq!(hex::encode(advance_payload(&[1; 32], &generator)), GOLDEN_ADVANCE);
}

const GOLDEN_DIGEST: &str = "a16fa4a8e8b644a0afe824b2d4841334a51bc9d8f017f82988c2a1f7c183ae4f";
const GOLDEN_ADVANCE: &str = "a62c93ea564803cc1ecfe7146bcf5c797eaa3443091ddda38487e0bb4d916de7";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever comes in, nothing panics, and what is taken has one encoding.
    #[test]
    fn hostile_bytes_do_no_harm(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), likely in any::<bool>()) {
        if likely {
            for at in [0, 33, 66, 35, 68] {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = 2 + (*byte & 1);
                }
            }
        }
        if let Ok(package) = SigningPackage::try_from_slice(&bytes) {
            prop_assert_eq!(borsh::to_vec(&package).unwrap(), bytes.clone());
        }
        if let Ok(set) = GroupKeySet::try_from_slice(&bytes) {
            prop_assert_eq!(borsh::to_vec(&set).unwrap(), bytes.clone());
        }
        for length in [32, 33, 65, 66] {
            let Some(part) = bytes.get(..length) else { continue };
            let taken = [
                GroupPublicKey::try_from(part).map(|it| it.to_bytes().to_vec()),
                NonceCommitments::try_from(part).map(|it| it.to_bytes().to_vec()),
                GroupSignature::try_from(part).map(|it| it.to_bytes().to_vec()),
                SignatureShare::try_from(part).map(|it| it.to_bytes().to_vec()),
            ];
            for it in taken.into_iter().flatten() {
                prop_assert_eq!(&it[..], part);
            }
        }
        for t in 1..=5 {
            let _ = GroupKeySet::from_bytes(Threshold::new(t, 5).unwrap(), &bytes);
        }
    }
}
