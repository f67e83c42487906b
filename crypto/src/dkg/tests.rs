use super::*;
use crate::ciphersuite::Bls12381;
use crate::dealing::Culprit;
use crate::dealing::tests::{Guardians, Older, assert_signs, context, dealings, index, rng, seed, subsets};
use crate::deposit::{DepositData, DepositMessage};
use crate::execution::WithdrawalCredentials;
use crate::keys::{PublicKeySet, SecretKeyShare};
use crate::partial::{CombineJob, Combined, combine};
use crate::spec::ForkVersion;
use frost_core::keys::{
    self as frost, KeyPackage, SigningShare, VerifiableSecretSharingCommitment, dkg as zf,
};
use frost_core::{Identifier, Signature};
use frost_secp256k1::Secp256K1Sha256;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn threshold(t: u16, n: u16) -> Threshold {
    Threshold::new(t, n).unwrap()
}

fn dealer<C: Curve>(number: u8, x: u16, t: u16, n: u16, count: u32) -> Dealer<C> {
    Dealer::new(&context(number), threshold(t, n), index(x), count, &seed(x), 3).unwrap()
}

fn check<C: Curve>(
    number: u8,
    x: u16,
    t: u16,
    n: u16,
    count: u32,
    public: &[u8],
) -> Result<PublicDealing<C>, Flaw> {
    check_public(&context(number), threshold(t, n), index(x), count, 3, public)
}

#[test]
fn every_t_sign_and_no_fewer() {
    for (t, n) in [(1, 1), (1, 3), (2, 2), (2, 3), (3, 4), (5, 7)] {
        assert_signs(&Guardians::<Bls12381>::dkg(t, n, 2));
    }
}

#[test]
fn a_deposit_of_a_generated_key_is_accepted() {
    let guardians = Guardians::<Bls12381>::dkg(3, 4, 1);
    let set = PublicKeySet::from(&guardians.keys[0]);
    let genesis = ForkVersion([0, 0, 0, 1]);
    let message = DepositMessage::new(set.public_key(), WithdrawalCredentials([1; 32]));
    let root = message.signing_root(genesis);
    let partials: Vec<_> =
        guardians.shares[1..].iter().map(|shares| SecretKeyShare::from(&shares[0]).sign(root)).collect();
    let job = CombineJob { key_set: &set, signing_root: root, partials: &partials };
    let [Combined::Signature { signature, .. }] = combine(&[job], &mut rng(1))[..] else { panic!() };
    assert!(DepositData { message, signature }.verify(genesis));
    assert!(!DepositData { message, signature }.verify(ForkVersion([0, 0, 0, 2])));
}

fn identifier<C: Curve>(x: u16) -> Identifier<C> {
    x.try_into().unwrap()
}

/// A package as `frost-core` reads it. Its part 3 does not look at the proof.
fn package<C: Curve>(commitments: &Commitments<C>, proof: &Signature<C>) -> zf::round1::Package<C> {
    let commitment = VerifiableSecretSharingCommitment::deserialize_whole(commitments.as_bytes()).unwrap();
    zf::round1::Package::new(commitment, *proof)
}

/// Guardian 1 is `frost-core` all the way, the others are ours: its part 3 must take our dealings, and our conclusion its
/// dealing, with one result.
fn agrees_with_frost_core<C: Curve>(t: u16, n: u16) {
    let threshold = threshold(t, n);
    let (theirs, round1) = zf::part1::<C, _>(identifier(1), n, t, Older(rng(8))).unwrap();
    let dealers: Vec<Dealer<C>> = (2..=n).map(|x| dealer(1, x, t, n, 1)).collect();
    let mut publics: Vec<PublicDealing<C>> =
        (2..=n).zip(&dealers).map(|(x, dealer)| check(1, x, t, n, 1, dealer.public()).unwrap()).collect();
    // Its part 2 refuses our proofs, for they bind the ceremony; with proofs of its own making it deals for us.
    let others: BTreeMap<_, _> = (2..=n)
        .map(|x| (identifier(x), zf::part1::<C, _>(identifier(x), n, t, Older(rng(x.into()))).unwrap().1))
        .collect();
    let (secret, round2) = zf::part2(theirs, &others).unwrap();

    let ours: BTreeMap<_, _> = publics
        .iter()
        .map(|public| {
            let proof = round1.proof_of_knowledge();
            (identifier(public.dealer().get()), package(&public.keys()[0], proof))
        })
        .collect();
    let received: BTreeMap<_, _> = (2..=n)
        .zip(&dealers)
        .map(|(x, dealer)| {
            let share = SigningShare::deserialize(&dealer.private(index(1))).unwrap();
            (identifier(x), zf::round2::Package::new(share))
        })
        .collect();
    let (key, everybody) = zf::part3(&secret, &ours, &received).unwrap();

    let dealt = Commitments::from_bytes(&round1.commitment().serialize_whole().unwrap()).unwrap();
    publics.insert(0, PublicDealing::new(index(1), t, vec![dealt]));
    let mut packages: Vec<KeyPackage<C>> = vec![key.clone()];
    for me in 2..=n {
        let from_first = round2[&identifier(me)].signing_share().serialize();
        let mut privates = vec![Some(Zeroizing::new(from_first))];
        privates.extend(dealers.iter().map(|dealer| Some(dealer.private(index(me)))));
        let concluded =
            conclude(threshold, 1, &dealings(&publics, &privates), Some(index(me))).unwrap().remove(0);
        assert_eq!(concluded.commitments.key(), everybody.verifying_key().serialize().unwrap());
        for (id, public) in everybody.verifying_shares() {
            let x = (1..=n).find(|x| identifier::<C>(*x) == *id).unwrap();
            assert_eq!(concluded.commitments.at(index(x)).to_bytes(), public.serialize().unwrap());
        }
        let share = concluded.share.unwrap();
        packages.push(KeyPackage::new(
            identifier(me),
            SigningShare::deserialize(share.to_bytes().as_ref()).unwrap(),
            everybody.verifying_shares()[&identifier(me)],
            *everybody.verifying_key(),
            t,
        ));
    }
    // Its own interpolation finds the same key in every t of them, and another in fewer.
    for subset in subsets(&packages.iter().collect::<Vec<_>>(), t.into()) {
        let whole = frost::reconstruct(&subset.into_iter().cloned().collect::<Vec<_>>()).unwrap();
        assert_eq!(frost_core::VerifyingKey::from(&whole), *everybody.verifying_key());
    }
}

#[test]
fn frost_core_and_ours_make_one_key_together() {
    for (t, n) in [(2, 2), (2, 3), (3, 4), (5, 7)] {
        agrees_with_frost_core::<Bls12381>(t, n);
        agrees_with_frost_core::<Secp256K1Sha256>(t, n);
    }
}

fn deals_the_same_and_only_the_same<C: Curve>() {
    let first = dealer::<C>(1, 2, 3, 4, 2);
    let again = dealer::<C>(1, 2, 3, 4, 2);
    assert_eq!(first.public(), again.public());
    assert_eq!(first.private(index(3)), again.private(index(3)));
    let other = |context_number: u8, seed_number: u16, batch: u32| {
        let seed = seed(seed_number);
        Dealer::<C>::new(&context(context_number), threshold(3, 4), index(2), 2, &seed, batch).unwrap()
    };
    assert_eq!(first.public(), other(1, 2, 3).public());
    for different in [other(2, 2, 3), other(1, 3, 3), other(1, 2, 4)] {
        assert_ne!(first.public()[..C::POINT], different.public()[..C::POINT]);
        assert_ne!(first.private(index(3)), different.private(index(3)));
    }
    // A longer batch begins with the same keys.
    assert!(dealer::<C>(1, 2, 3, 4, 3).public().starts_with(first.public()));
}

#[test]
fn one_seed_and_context_deal_the_same_bytes() {
    deals_the_same_and_only_the_same::<Bls12381>();
    deals_the_same_and_only_the_same::<Secp256K1Sha256>();
}

/// Bytes that leave the process: changing them is a new version.
#[test]
fn dealings_are_these_bytes() {
    use sha2::{Digest, Sha256};
    let digest = |public: &[u8], private: &[u8]| {
        hex::encode(&Sha256::new().chain_update(public).chain_update(private).finalize()[..8])
    };
    let bls = dealer::<Bls12381>(1, 2, 3, 4, 2);
    let secp = dealer::<Secp256K1Sha256>(1, 2, 3, 4, 2);
    assert_eq!(digest(bls.public(), &bls.private(index(1))), "0587513ffaf542f9");
    assert_eq!(digest(secp.public(), &secp.private(index(1))), "08770476a51137a9");
}

fn refuses_bad_publics<C: Curve>() {
    let good = dealer::<C>(1, 2, 3, 4, 2).public().to_vec();
    let each = 4 * C::POINT + SCALAR;
    assert_eq!(good.len(), 2 * each);
    let bad = |bytes: &[u8]| check::<C>(1, 2, 3, 4, 2, bytes).err();
    assert_eq!(bad(&good), None);
    // Another ceremony, dealer, batch or number of keys; and the two keys of the batch exchanged.
    assert_eq!(check::<C>(2, 2, 3, 4, 2, &good).err(), Some(Flaw::BadProof));
    assert_eq!(check::<C>(1, 1, 3, 4, 2, &good).err(), Some(Flaw::BadProof));
    let other_batch = check_public::<C>(&context(1), threshold(3, 4), index(2), 2, 4, &good);
    assert_eq!(other_batch.err(), Some(Flaw::BadProof));
    assert_eq!(bad(&[&good[each..], &good[..each]].concat()), Some(Flaw::BadProof));
    assert_eq!(check::<C>(1, 2, 3, 4, 1, &good).err(), Some(Flaw::WrongLength));
    // Lengths and degrees.
    assert_eq!(bad(&[]), Some(Flaw::WrongLength));
    assert_eq!(bad(&good[..good.len() - 1]), Some(Flaw::WrongLength));
    assert_eq!(bad(&[&good[..], &[0]].concat()), Some(Flaw::WrongLength));
    assert_eq!(bad(dealer::<C>(1, 2, 2, 4, 2).public()), Some(Flaw::WrongDegree));
    assert_eq!(bad(dealer::<C>(1, 2, 4, 4, 2).public()), Some(Flaw::WrongDegree));
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = good.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        bad(&changed)
    };
    let mut identity = vec![0; C::POINT];
    identity[0] = C::IDENTITY_PREFIX;
    assert_eq!(with(2 * C::POINT, &identity), Some(Flaw::WrongDegree));
    assert_eq!(with(C::POINT, &identity), Some(Flaw::Zero));
    assert_eq!(with(each, &identity), Some(Flaw::Zero));
    assert_eq!(with(C::POINT, &vec![0xff; C::POINT]), Some(Flaw::BadPoint));
    // Another's point, and every part of the proof.
    let generator = curve::public::<C>(&FieldOf::<C>::one());
    let mut point = Vec::new();
    curve::append_point::<C>(&generator, &mut point).unwrap();
    for at in [0, C::POINT, 2 * C::POINT, 3 * C::POINT, each] {
        assert_eq!(with(at, &point), Some(Flaw::BadProof), "{at}");
    }
    assert_eq!(with(3 * C::POINT, &identity), Some(Flaw::BadProof));
    assert_eq!(with(4 * C::POINT, &[0xff; 32]), Some(Flaw::BadProof));
    assert_eq!(with(4 * C::POINT, &[0; 32]), Some(Flaw::BadProof));
}

#[test]
fn bad_public_parts_are_refused_by_name() {
    refuses_bad_publics::<Bls12381>();
    refuses_bad_publics::<Secp256K1Sha256>();
}

/// On the curve of BLS12-381, but of another order.
#[test]
fn a_point_outside_the_subgroup_is_refused() {
    let mut good = dealer::<Bls12381>(1, 2, 2, 3, 1).public().to_vec();
    let outside = (0u8..=255)
        .find_map(|x| {
            let mut bytes = [0u8; 48];
            (bytes[0], bytes[47]) = (0x80, x);
            let on_curve = crate::group::G1Affine::on_curve(&bytes);
            (on_curve && crate::group::G1Affine::from_compressed(&bytes).is_none()).then_some(bytes)
        })
        .unwrap();
    good[48..96].copy_from_slice(&outside);
    assert_eq!(check::<Bls12381>(1, 2, 2, 3, 1, &good).err(), Some(Flaw::BadPoint));
}

#[test]
fn culprits_are_named_and_misfits_refused() {
    let (t, n, count) = (3, 4, 2);
    let dealers: Vec<Dealer<Bls12381>> = (1..=n).map(|x| dealer(1, x, t, n, count)).collect();
    let publics: Vec<_> = (1..=n)
        .zip(&dealers)
        .map(|(x, d)| check::<Bls12381>(1, x, t, n, count, d.public()).unwrap())
        .collect();
    let good: Vec<_> = dealers.iter().map(|dealer| Some(dealer.private(index(1)))).collect();
    let end = |publics: &[PublicDealing<Bls12381>], privates: &[Option<Zeroizing<Vec<u8>>>]| {
        conclude(threshold(t, n), count, &dealings(publics, privates), Some(index(1))).err()
    };
    assert_eq!(end(&publics, &good), None);

    let mut bad = good.clone();
    bad[3] = Some(dealers[3].private(index(2)));
    bad[1] = Some(Zeroizing::new(vec![0xff; 64]));
    let named = Failure::Culprits(vec![
        Culprit { index: index(2), flaw: Flaw::BadSubShare },
        Culprit { index: index(4), flaw: Flaw::BadSubShare },
    ]);
    assert_eq!(end(&publics, &bad), Some(named));
    bad[1] = Some(Zeroizing::new(vec![1; 65]));
    let Some(Failure::Culprits(culprits)) = end(&publics, &bad) else { panic!() };
    assert_eq!(culprits[0], Culprit { index: index(2), flaw: Flaw::WrongLength });

    bad[1] = None;
    assert!(matches!(end(&publics, &bad), Some(Failure::Unusable(_))));
    assert!(matches!(end(&publics[1..], &good[1..]), Some(Failure::Unusable(_))));
    let mut twice = publics.clone();
    twice[2] = twice[1].clone();
    assert!(matches!(end(&twice, &good), Some(Failure::Unusable(_))));
    let mut lower = publics.clone();
    lower[2] = check(1, 3, 2, n, count, dealer::<Bls12381>(1, 3, 2, n, count).public()).unwrap();
    assert!(matches!(end(&lower, &good), Some(Failure::Unusable(_))));
    assert!(Dealer::<Bls12381>::new(&context(1), threshold(t, n), index(5), 1, &seed(5), 0).is_err());
}

proptest! {
    #[test]
    fn whatever_is_sent_is_answered(bytes in proptest::collection::vec(any::<u8>(), 0..800), t in 1u16..5, count in 0u32..4) {
        let _ = check::<Bls12381>(1, 1, t, 5, count, &bytes);
        let _ = check::<Secp256K1Sha256>(1, 1, t, 5, count, &bytes);
    }

    #[test]
    fn no_byte_of_a_dealing_can_be_changed(position in 0usize..2 * 224, bit in 0u8..8) {
        let mut bytes = dealer::<Bls12381>(1, 2, 3, 4, 2).public().to_vec();
        bytes[position] ^= 1 << bit;
        prop_assert!(check::<Bls12381>(1, 2, 3, 4, 2, &bytes).is_err());
    }
}
