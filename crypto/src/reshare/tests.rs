use super::*;
use crate::ciphersuite::Bls12381;
use crate::dealing::tests::{
    Guardians, Older, assert_signs, context, dealings, index, indices, rng, seed, sign, subsets,
};
use crate::keys::PublicKeySet;
use crate::threshold::Threshold;
use frost_core::keys::{KeyPackage, SigningShare, VerifiableSecretSharingCommitment};
use frost_secp256k1::Secp256K1Sha256;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The keys stay, the new guardians sign, and old and new shares do not mix.
fn hand_over(t_old: u16, n_old: u16, dealers: &[u16], t_new: u16, receivers: &[u16]) {
    let old = Guardians::<Bls12381>::dkg(t_old, n_old, 2);
    let new = old.reshare(dealers, t_new, receivers);
    for (before, after) in old.keys.iter().zip(&new.keys) {
        assert_eq!(before.key(), after.key());
        assert_eq!(after.t(), t_new);
        assert_ne!(before, after);
    }
    assert_signs(&new);
    // Whatever of the old is put among the new, under either set, makes no signature.
    for (number, key) in new.keys.iter().enumerate() {
        let mixed: Vec<_> = old
            .shares
            .iter()
            .zip(&new.shares)
            .enumerate()
            .map(|(i, (old, new))| if i % 2 == 0 { &old[number] } else { &new[number] })
            .collect();
        for set in [PublicKeySet::from(key), PublicKeySet::from(&old.keys[number])] {
            for subset in subsets(&mixed, usize::from(set.t()).min(mixed.len())) {
                let old_shares = subset.iter().filter(|share| old.keys[number].verify(share)).count();
                if old_shares > 0 && old_shares < subset.len() {
                    assert!(!sign(&set, &subset));
                }
            }
        }
    }
}

#[test]
fn guardians_are_added_and_t_raised() {
    hand_over(3, 4, &[1, 2, 3], 5, &[1, 2, 3, 4, 5, 6, 7]);
    hand_over(3, 4, &[1, 2, 4], 5, &[1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_disjoint_set_takes_over() {
    hand_over(3, 4, &[2, 3, 4], 3, &[11, 12, 13, 14]);
}

#[test]
fn t_is_lowered_and_guardians_leave() {
    hand_over(3, 4, &[1, 2, 3, 4], 2, &[1, 3, 9]);
}

#[test]
fn a_refresh_keeps_the_set_and_voids_old_shares() {
    hand_over(3, 4, &[1, 2, 4], 3, &[1, 2, 3, 4]);
    hand_over(2, 3, &[1, 3], 2, &[1, 2, 3]);
}

#[test]
fn one_guardian_becomes_many_and_many_one() {
    hand_over(1, 1, &[1], 2, &[1, 2, 3]);
    hand_over(2, 3, &[3, 1], 1, &[1]);
}

/// Full-width weights: beyond what small integers hold.
#[test]
fn a_large_set_hands_over() {
    let old = Guardians::<Bls12381>::dkg(21, 40, 1);
    let dealers: Vec<u16> = (0..21).map(|i| 40 - i - i % 2).collect::<BTreeSet<_>>().into_iter().collect();
    let dealers: Vec<u16> = (1..=40).filter(|x| !dealers.contains(x)).chain(dealers.clone()).collect();
    let new = old.reshare(&dealers[..25], 3, &[1, 50, 100]);
    assert_eq!(old.keys[0].key(), new.keys[0].key());
    assert_signs(&new);
}

#[test]
fn everybody_agrees_whatever_dealers_are_chosen() {
    let old = Guardians::<Bls12381>::dkg(3, 5, 1);
    for dealers in subsets(&[1, 2, 3, 4, 5], 3).into_iter().chain(subsets(&[1, 2, 3, 4, 5], 4)) {
        let new = old.reshare(&dealers, 2, &[1, 2, 3]);
        assert_eq!(old.keys[0].key(), new.keys[0].key());
        for (share, key) in new.shares.iter().flatten().zip(std::iter::repeat(&new.keys[0])) {
            assert!(key.verify(share));
        }
    }
}

#[test]
fn dealers_are_chosen_for_small_weights() {
    let choose = |xs: &[u16], t| choose_dealers(&indices(xs), t);
    assert_eq!(choose(&[4, 2, 1, 3], 3), Some(indices(&[1, 2, 3])));
    assert_eq!(choose(&[4, 1, 2], 3), Some(indices(&[1, 2, 4])));
    assert_eq!(choose(&[1, 2], 3), None);
    assert_eq!(choose(&[1, 1, 2], 3), None);
    assert_eq!(choose(&[1, 1, 2], 2), None);
    assert_eq!(choose(&[1], 0), None);
}

/// The network's key: after a resharing ZF's FROST signs with it, and the signature verifies under the old key.
#[test]
fn frost_signs_with_a_reshared_group_key() {
    let old = Guardians::<Secp256K1Sha256>::dkg(3, 4, 1);
    let new = old.reshare(&[1, 2, 4], 4, &[1, 2, 3, 4, 5, 6]);
    assert_eq!(old.keys[0].key(), new.keys[0].key());
    let commitment = VerifiableSecretSharingCommitment::deserialize_whole(new.keys[0].as_bytes()).unwrap();
    let identifiers: BTreeSet<_> = (1u16..=6).map(|x| x.try_into().unwrap()).collect();
    let everybody =
        frost_core::keys::PublicKeyPackage::<Secp256K1Sha256>::from_commitment(&identifiers, &commitment)
            .unwrap();
    let message = [3; 32];
    let sign = |signers: &[u16]| {
        let packages: BTreeMap<_, _> = signers
            .iter()
            .map(|x| {
                let id = (*x).try_into().unwrap();
                let share = SigningShare::deserialize(new.shares_of(*x)[0].to_bytes().as_ref()).unwrap();
                let public = everybody.verifying_shares()[&id];
                (id, KeyPackage::new(id, share, public, *everybody.verifying_key(), signers.len() as u16))
            })
            .collect();
        let rounds: BTreeMap<_, _> = packages
            .iter()
            .map(|(id, package)| {
                (*id, frost_secp256k1::round1::commit(package.signing_share(), &mut Older(rng(4))))
            })
            .collect();
        let commitments = rounds.iter().map(|(id, (_, commitments))| (*id, *commitments)).collect();
        let package = frost_secp256k1::SigningPackage::new(commitments, &message);
        let shares: BTreeMap<_, _> = packages
            .iter()
            .map(|(id, key)| (*id, frost_secp256k1::round2::sign(&package, &rounds[id].0, key).unwrap()))
            .collect();
        frost_secp256k1::aggregate(&package, &shares, &everybody)
    };
    let key = frost_core::VerifyingKey::<Secp256K1Sha256>::deserialize(old.keys[0].key()).unwrap();
    for signers in subsets(&[1, 2, 3, 4, 5, 6], 4) {
        assert!(key.verify(&message, &sign(&signers).unwrap()).is_ok());
    }
    assert!(sign(&[1, 2, 3]).is_err());
}

fn refuses_bad_publics<C: Curve>() {
    let old = Guardians::<C>::dkg(3, 4, 2);
    let check = |x: u16, t: u16, bytes: &[u8]| check_public(&old.keys, index(x), t, bytes).err();
    let (dealer, _) = old.deal(&context(2), 2, 3);
    let good = dealer.public().to_vec();
    assert_eq!(good.len(), 2 * 3 * C::POINT);
    assert_eq!(check(2, 3, &good), None);
    // Another's dealing, another secret, the keys exchanged.
    assert_eq!(check(1, 3, &good), Some(Flaw::WrongSecret));
    let foreign = Guardians::<C>::dkg(2, 4, 2);
    let (dealer, _) = foreign.deal(&context(2), 2, 3);
    assert_eq!(check(2, 3, dealer.public()), Some(Flaw::WrongSecret));
    let half = good.len() / 2;
    assert_eq!(check(2, 3, &[&good[half..], &good[..half]].concat()), Some(Flaw::WrongSecret));
    // Degrees and lengths.
    let (lower, _) = old.deal(&context(2), 2, 2);
    assert_eq!(check(2, 3, lower.public()), Some(Flaw::WrongDegree));
    let mut identity = vec![0; C::POINT];
    identity[0] = C::IDENTITY_PREFIX;
    let mut changed = good.clone();
    changed[half - C::POINT..half].copy_from_slice(&identity);
    assert_eq!(check(2, 3, &changed), Some(Flaw::WrongDegree));
    changed[..C::POINT].copy_from_slice(&identity);
    assert_eq!(check(2, 3, &changed), Some(Flaw::Zero));
    changed.clone_from(&good);
    changed[..C::POINT].fill(0xfe);
    assert_eq!(check(2, 3, &changed), Some(Flaw::BadPoint));
    assert_eq!(check(2, 3, &good[1..]), Some(Flaw::WrongLength));
    assert_eq!(check(2, 3, &[]), Some(Flaw::WrongLength));
    assert_eq!(check(2, 0, &[]), Some(Flaw::WrongLength));
}

#[test]
fn bad_public_parts_are_refused_by_name() {
    refuses_bad_publics::<Bls12381>();
    refuses_bad_publics::<Secp256K1Sha256>();
}

#[test]
fn one_seed_and_context_deal_the_same_bytes() {
    let old = Guardians::<Bls12381>::dkg(2, 3, 2);
    let deal = |number: u8, seed_number: u16, batch: u32| {
        Dealer::new(&context(number), old.shares_of(1), 3, &seed(seed_number), batch).unwrap()
    };
    let first = deal(2, 1, 0);
    assert_eq!(first.public(), deal(2, 1, 0).public());
    assert_eq!(first.private(index(7)), deal(2, 1, 0).private(index(7)));
    for other in [deal(3, 1, 0), deal(2, 2, 0), deal(2, 1, 1)] {
        // The secret is the same, the polynomial is not.
        assert_eq!(first.public()[..48], other.public()[..48]);
        assert_ne!(first.public()[48..96], other.public()[48..96]);
        assert_ne!(first.private(index(7)), other.private(index(7)));
    }
    // Nor is it in the second key of a batch.
    assert_ne!(first.public()[48..96], first.public()[144 + 48..144 + 96]);
    assert!(Dealer::new(&context(2), old.shares_of(1), 0, &seed(1), 0).is_err());
    assert!(Dealer::new(&context(2), old.shares_of(1), 101, &seed(1), 0).is_err());
}

#[test]
fn culprits_are_named_and_misfits_refused() {
    let old = Guardians::<Bls12381>::dkg(3, 4, 2);
    let (dealers, publics): (Vec<_>, Vec<_>) = [1, 2, 4].iter().map(|x| old.deal(&context(2), *x, 2)).unzip();
    let good: Vec<_> = dealers.iter().map(|dealer| Some(dealer.private(index(9)))).collect();
    let end = |publics: &[PublicDealing<Bls12381>], privates: &[Option<Zeroizing<Vec<u8>>>]| {
        conclude(&old.keys, Target::Key, &dealings(publics, privates), 2, Some(index(9))).err()
    };
    assert_eq!(end(&publics, &good), None);
    let mut bad = good.clone();
    if let Some(bytes) = &mut bad[2] {
        bytes[40] ^= 1;
    }
    let culprit = Culprit { index: index(4), flaw: Flaw::BadSubShare };
    assert_eq!(end(&publics, &bad), Some(Failure::Culprits(vec![culprit])));

    // One dealt different polynomials to different receivers: its private part fits another public part.
    let (equivocated, _) = old.deal(&context(3), 4, 2);
    bad[2] = Some(equivocated.private(index(9)));
    assert_eq!(end(&publics, &bad), Some(Failure::Culprits(vec![culprit])));

    assert!(matches!(end(&publics[1..], &good[1..]), Some(Failure::Unusable(_))), "too few");
    let twice = [publics[0].clone(), publics[0].clone(), publics[1].clone()];
    assert!(matches!(end(&twice, &good), Some(Failure::Unusable(_))));
    bad[2] = None;
    assert!(matches!(end(&publics, &bad), Some(Failure::Unusable(_))));
    let other = Guardians::<Bls12381>::dkg(3, 5, 2);
    let refused = conclude(&other.keys, Target::Key, &dealings(&publics, &good), 2, Some(index(9))).err();
    assert!(matches!(refused, Some(Failure::Unusable(_))), "checked against other keys");
    let refused = conclude(&old.keys, Target::Share(index(4)), &dealings(&publics, &good), 2, None).err();
    assert!(matches!(refused, Some(Failure::Unusable(_))), "the lost one dealt");
}

/// Guardian `lost` of a t-of-n set, rebuilt by `helpers`, who share at `t_mask`.
fn rebuild<C: Curve>(old: &Guardians<C>, lost: u16, helpers: &[u16]) -> (Vec<Commitments<C>>, Guardians<C>) {
    let t = old.keys[0].t();
    let (dealers, publics): (Vec<_>, Vec<_>) = helpers.iter().map(|x| old.deal(&context(4), *x, t)).unzip();
    let masks = Guardians::gather(indices(helpers), |me| {
        let privates: Vec<_> = dealers.iter().map(|dealer| me.map(|me| dealer.private(me))).collect();
        conclude(&old.keys, Target::Share(index(lost)), &dealings(&publics, &privates), t, me).unwrap()
    });
    (masks.keys.clone(), masks)
}

fn repairs<C: Curve>(t: u16, n: u16, lost: u16) {
    let old = Guardians::<C>::dkg(t, n, 2);
    let helpers: Vec<u16> = (1..=n).filter(|x| *x != lost).take(t.into()).collect();
    let (masks, shares) = rebuild(&old, lost, &helpers);
    for (number, key) in old.keys.iter().enumerate() {
        let part = |x: &u16| (index(*x), shares.shares_of(*x)[number].to_bytes());
        let parts: Vec<_> = helpers.iter().map(part).collect();
        let share = recover(key, &masks[number], index(lost), &parts).unwrap();
        assert!(share == old.shares_of(lost)[number]);
        // No part is a helper's own share, nor are t - 1 of them enough.
        assert!(helpers.iter().all(|x| shares.shares_of(*x)[number] != old.shares_of(*x)[number]));
        assert!(matches!(recover(key, &masks[number], index(lost), &parts[1..]), Err(Failure::Unusable(_))));

        let mut bad = parts.clone();
        bad[0].1[31] ^= 1;
        let culprit = Culprit { index: index(helpers[0]), flaw: Flaw::BadSubShare };
        let named = Failure::Culprits(vec![culprit]);
        assert_eq!(recover(key, &masks[number], index(lost), &bad).err(), Some(named));
        bad[0].1.fill(0xff);
        assert!(matches!(recover(key, &masks[number], index(lost), &bad), Err(Failure::Culprits(_))));
        let mut twice = parts.clone();
        twice[1] = twice[0].clone();
        assert!(matches!(recover(key, &masks[number], index(lost), &twice), Err(Failure::Unusable(_))));
        let other = &masks[1 - number];
        assert!(matches!(recover(key, other, index(lost), &parts), Err(Failure::Unusable(_))));
        assert!(matches!(recover(key, &masks[number], index(helpers[0]), &parts), Err(Failure::Unusable(_))));
    }
}

#[test]
fn a_lost_share_is_rebuilt_and_a_cheating_helper_named() {
    repairs::<Bls12381>(3, 4, 2);
    repairs::<Bls12381>(2, 3, 3);
    repairs::<Bls12381>(5, 7, 1);
    repairs::<Secp256K1Sha256>(3, 4, 4);
}

/// ZF's repair gives the same share.
#[test]
fn frost_core_repairs_to_the_same_share() {
    use frost_core::keys::repairable::{repair_share_part1, repair_share_part2, repair_share_part3};
    let old = Guardians::<Bls12381>::dkg(3, 4, 1);
    let key = &old.keys[0];
    let commitment = VerifiableSecretSharingCommitment::deserialize_whole(key.as_bytes()).unwrap();
    let id = |x: u16| frost_core::Identifier::<Bls12381>::try_from(x).unwrap();
    let everybody =
        frost_core::keys::PublicKeyPackage::from_commitment(&(1..=4).map(id).collect(), &commitment).unwrap();
    let helpers = [id(1), id(3), id(4)];
    let deltas: Vec<_> = [1u16, 3, 4]
        .iter()
        .map(|x| {
            let share = SigningShare::deserialize(old.shares_of(*x)[0].to_bytes().as_ref()).unwrap();
            let package = KeyPackage::new(
                id(*x),
                share,
                everybody.verifying_shares()[&id(*x)],
                *everybody.verifying_key(),
                3,
            );
            repair_share_part1(&helpers, &package, &mut Older(rng(3)), id(2)).unwrap()
        })
        .collect();
    let sigmas: Vec<_> = helpers
        .iter()
        .map(|helper| repair_share_part2(&deltas.iter().map(|delta| delta[helper]).collect::<Vec<_>>()))
        .collect();
    let theirs = repair_share_part3(&sigmas, id(2), &everybody).unwrap();
    let (masks, shares) = rebuild(&old, 2, &[1, 3, 4]);
    let parts: Vec<_> = [1, 3, 4].iter().map(|x| (index(*x), shares.shares_of(*x)[0].to_bytes())).collect();
    let ours = recover(key, &masks[0], index(2), &parts).unwrap();
    assert_eq!(theirs.signing_share().serialize(), ours.to_bytes().to_vec());
}

#[test]
fn an_imported_validator_is_reshared() {
    let secret = crate::keys::SecretKey::generate(&mut rng(1));
    let (set, shares) = secret.split(Threshold::new(3, 4).unwrap(), &mut rng(2));
    let old = Guardians::<Bls12381> {
        keys: vec![Commitments::from(&set)],
        indices: indices(&[1, 2, 3, 4]),
        shares: shares.iter().map(|share| vec![Share::from(share)]).collect(),
    };
    let new = old.reshare(&[1, 3, 4], 2, &[1, 2, 3]);
    assert_eq!(PublicKeySet::from(&new.keys[0]).group_key(), secret.public_key());
    assert_signs(&new);
}

proptest! {
    #[test]
    fn whatever_is_sent_is_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400), t in 0u16..102) {
        let set = crate::keys::SecretKey::from_bytes(&[1; 32]).unwrap().split(Threshold::new(2, 3).unwrap(), &mut rng(1)).0;
        let keys = [Commitments::from(&set), Commitments::from(&set)];
        prop_assert!(check_public(&keys, index(1), t, &bytes).is_err());
        let length = 2 * 48 * usize::from(t % 5);
        let mut padded = bytes;
        padded.resize(length, 0x80);
        prop_assert!(check_public(&keys, index(1), t % 5, &padded).is_err());
    }
}
