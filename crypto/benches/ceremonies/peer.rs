//! The same work by `frost-core`'s own functions over the same curve, one key, as they are called.

use crate::ours::least;
use crypto::curve::Curve;
use frost_core::keys::{IdentifierList, SecretShare, SigningShare, dkg, split};
use frost_core::{Identifier, SigningKey};
use frost_secp256k1::rand_core::{CryptoRng, Error, RngCore};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::time::Duration;

/// A generator as `frost-core` wants it.
struct Older(StdRng);

impl RngCore for Older {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.0.fill_bytes(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.0.fill_bytes(dest);
        Ok(())
    }
}

impl CryptoRng for Older {}

fn generator(seed: u16) -> Older {
    Older(StdRng::seed_from_u64(seed.into()))
}

fn identifier<C: Curve>(x: u16) -> Identifier<C> {
    x.try_into().unwrap()
}

/// Parts 1, 2 and 3 of guardian 1, with the others' packages read from bytes.
pub(crate) fn generation<C: Curve>(t: u16, n: u16, rounds: usize) -> Duration {
    let first: Vec<_> =
        (1..=n).map(|x| dkg::part1::<C, _>(identifier(x), n, t, generator(x)).unwrap()).collect();
    let packages: BTreeMap<_, _> =
        (1..=n).zip(&first).map(|(x, (_, package))| (identifier::<C>(x), package.clone())).collect();
    let to_me: BTreeMap<_, _> = (2..=n)
        .zip(&first[1..])
        .map(|(x, (secret, _))| {
            let others = packages.iter().filter(|(id, _)| **id != identifier(x));
            let others = others.map(|(id, package)| (*id, package.clone())).collect();
            let (_, mut round2) = dkg::part2(secret.clone(), &others).unwrap();
            (identifier::<C>(x), round2.remove(&identifier(1)).unwrap())
        })
        .collect();
    let wire: Vec<_> = packages
        .iter()
        .filter(|(id, _)| **id != identifier(1))
        .map(|(id, package)| (*id, package.serialize().unwrap()))
        .collect();
    least(rounds, || {
        let (secret, _) = dkg::part1::<C, _>(identifier(1), n, t, generator(1)).unwrap();
        let others: BTreeMap<_, _> = wire
            .iter()
            .map(|(id, bytes)| (*id, dkg::round1::Package::<C>::deserialize(bytes).unwrap()))
            .collect();
        let (secret, _) = dkg::part2(secret, &others).unwrap();
        dkg::part3(&secret, &others, &to_me).unwrap()
    })
}

/// `keys::split` of one share, and `SecretShare::verify` of t dealers' shares, read from bytes. The weighing is not in
/// it: `frost-core` has none.
pub(crate) fn resharing<C: Curve>(t: u16, n: u16, rounds: usize) -> Duration {
    let deal = |x: u16| {
        let key = SigningKey::<C>::new(&mut generator(x));
        split(&key, n, t, IdentifierList::Default, &mut generator(100 + x)).unwrap().0
    };
    let wire: Vec<Vec<u8>> = (1..=t).map(|x| deal(x)[&identifier(1)].serialize().unwrap()).collect();
    least(rounds, || {
        let mine = deal(1);
        let shares: Vec<SigningShare<C>> = wire
            .iter()
            .map(|bytes| {
                let share = SecretShare::<C>::deserialize(bytes).unwrap();
                share.verify().unwrap();
                *share.signing_share()
            })
            .collect();
        (mine.len(), shares.len())
    })
}
