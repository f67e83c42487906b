use super::*;
use crate::ciphersuite::Bls12381;
use crate::keys::{PublicKeySet, SecretKeyShare};
use crate::partial::{CombineJob, Combined, combine, verify};
use crate::seed::Seed;
use crate::spec::Root;
use crate::threshold::Threshold;
use crate::{dkg, reshare};
use frost_secp256k1::Secp256K1Sha256;
use frost_secp256k1::rand_core as rand_core_06;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

pub(crate) fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// A generator as `frost-core` wants it.
pub(crate) struct Older(pub(crate) StdRng);

impl rand_core_06::RngCore for Older {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.0.fill_bytes(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.0.fill_bytes(dest);
        Ok(())
    }
}

impl rand_core_06::CryptoRng for Older {}

pub(crate) fn index(x: u16) -> ShareIndex {
    ShareIndex::new(x).unwrap()
}

pub(crate) fn indices(xs: &[u16]) -> Vec<ShareIndex> {
    xs.iter().copied().map(index).collect()
}

pub(crate) fn context(number: u8) -> Context {
    Context([number; 32])
}

pub(crate) fn seed(number: u16) -> Seed {
    let mut bytes = [7; 32];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    Seed::from_bytes(&bytes)
}

/// Guardians with their shares of several keys.
pub(crate) struct Guardians<C: Curve> {
    pub(crate) keys: Vec<Commitments<C>>,
    pub(crate) indices: Vec<ShareIndex>,
    /// One list a guardian, one share a key.
    pub(crate) shares: Vec<Vec<Share<C>>>,
}

impl<C: Curve> Guardians<C> {
    /// Everybody's conclusion; all must agree on the commitments.
    pub(crate) fn gather(
        indices: Vec<ShareIndex>,
        conclude: impl Fn(Option<ShareIndex>) -> Vec<Concluded<C>>,
    ) -> Self {
        let keys: Vec<_> = conclude(None).into_iter().map(|key| key.commitments).collect();
        let shares = indices
            .iter()
            .map(|me| {
                let concluded = conclude(Some(*me));
                assert!(concluded.iter().map(|key| &key.commitments).eq(&keys));
                concluded.into_iter().map(|key| key.share.unwrap()).collect()
            })
            .collect();
        Self { keys, indices, shares }
    }

    pub(crate) fn dkg(t: u16, n: u16, count: u32) -> Self {
        let threshold = Threshold::new(t, n).unwrap();
        let context = context(1);
        let dealers: Vec<_> = threshold
            .indices()
            .map(|me| dkg::Dealer::<C>::new(&context, threshold, me, count, &seed(me.get()), 3).unwrap())
            .collect();
        let publics: Vec<_> = threshold
            .indices()
            .zip(&dealers)
            .map(|(me, dealer)| {
                dkg::check_public::<C>(&context, threshold, me, count, 3, dealer.public()).unwrap()
            })
            .collect();
        Self::gather(threshold.indices().collect(), |me| {
            let privates: Vec<_> =
                dealers.iter().map(|dealer| me.map(|receiver| dealer.private(receiver))).collect();
            let dealings = dealings(&publics, &privates);
            dkg::conclude(threshold, count, &dealings, me).unwrap()
        })
    }

    pub(crate) fn shares_of(&self, x: u16) -> &[Share<C>] {
        let position = self.indices.iter().position(|index| index.get() == x).unwrap();
        &self.shares[position]
    }

    /// Deals and checks as the old guardian x.
    pub(crate) fn deal(
        &self,
        context: &Context,
        x: u16,
        t_new: u16,
    ) -> (reshare::Dealer<C>, PublicDealing<C>) {
        let dealer = reshare::Dealer::new(context, self.shares_of(x), t_new, &seed(100 + x), 0).unwrap();
        let public = reshare::check_public(&self.keys, index(x), t_new, dealer.public()).unwrap();
        (dealer, public)
    }

    pub(crate) fn reshare(&self, dealers: &[u16], t_new: u16, receivers: &[u16]) -> Self {
        let (dealers, publics): (Vec<_>, Vec<_>) =
            dealers.iter().map(|x| self.deal(&context(2), *x, t_new)).unzip();
        Self::gather(indices(receivers), |me| {
            let privates: Vec<_> =
                dealers.iter().map(|dealer| me.map(|receiver| dealer.private(receiver))).collect();
            let dealings = dealings(&publics, &privates);
            reshare::conclude(&self.keys, reshare::Target::Key, &dealings, t_new, me).unwrap()
        })
    }
}

pub(crate) fn dealings<'a, C: Curve>(
    publics: &'a [PublicDealing<C>],
    privates: &'a [Option<Zeroizing<Vec<u8>>>],
) -> Vec<Dealing<'a, C>> {
    let private = |bytes: &'a Option<Zeroizing<Vec<u8>>>| bytes.as_ref().map(|bytes| bytes.as_slice());
    publics.iter().zip(privates).map(|(public, bytes)| Dealing { public, private: private(bytes) }).collect()
}

/// Every `size`-subset of `items`.
pub(crate) fn subsets<T: Copy>(items: &[T], size: usize) -> Vec<Vec<T>> {
    (0u32..1 << items.len())
        .filter(|mask| mask.count_ones() as usize == size)
        .map(|mask| (0..items.len()).filter(|i| mask >> i & 1 == 1).map(|i| items[i]).collect())
        .collect()
}

/// Whether these shares make a signature that `blst` verifies under the key of `set`.
pub(crate) fn sign(set: &PublicKeySet, shares: &[&Share<Bls12381>]) -> bool {
    let root = Root([9; 32]);
    let partials: Vec<_> = shares.iter().map(|share| SecretKeyShare::from(*share).sign(root)).collect();
    let job = CombineJob { key_set: set, signing_root: root, partials: &partials };
    match &combine(&[job], &mut rng(5))[..] {
        [Combined::Signature { signature, .. }] => verify(&set.group_key(), root, signature),
        _ => false,
    }
}

/// Whether these shares sign by `blsttc`'s own interpolation: its hash, its Lagrange, its pairing.
pub(crate) fn sign_with_blsttc(key: &Commitments<Bls12381>, shares: &[&Share<Bls12381>]) -> bool {
    let set = blsttc::PublicKeySet::from_bytes(key.to_bytes()).unwrap();
    let parts: Vec<(usize, blsttc::SignatureShare)> = shares
        .iter()
        .map(|share| {
            let secret = blsttc::SecretKeyShare::from_bytes(*share.to_bytes()).unwrap();
            (share.index().position(), secret.sign(b"message"))
        })
        .collect();
    // It insists on t parts; t - 1 are made t by giving it a smaller set, which is what an attacker would do.
    let first =
        blsttc::PublicKeySet::from_bytes(key.to_bytes()[..48 * shares.len().min(key.t().into())].to_vec())
            .unwrap();
    let signature = first.combine_signatures(parts.iter().map(|(i, s)| (*i, s))).unwrap();
    set.public_key().verify(&signature, b"message")
}

/// Every t of the guardians sign for every key, no t - 1 do.
pub(crate) fn assert_signs(guardians: &Guardians<Bls12381>) {
    for (number, key) in guardians.keys.iter().enumerate() {
        let set = PublicKeySet::from(key);
        let shares: Vec<_> = guardians.shares.iter().map(|shares| &shares[number]).collect();
        for share in &shares {
            set.verify_share(&SecretKeyShare::from(*share)).unwrap();
        }
        for subset in subsets(&shares, key.t().into()) {
            assert!(sign(&set, &subset));
            assert!(sign_with_blsttc(key, &subset));
        }
        for subset in subsets(&shares, usize::from(key.t()) - 1).into_iter().filter(|s| !s.is_empty()) {
            assert!(!sign(&set, &subset));
            assert!(!sign_with_blsttc(key, &subset));
        }
    }
}

#[test]
fn codes_are_stable_and_read_back() {
    let codes: Vec<_> = Flaw::ALL.iter().map(|flaw| flaw.code()).collect();
    assert_eq!(
        codes,
        ["wrong_length", "bad_point", "wrong_degree", "wrong_secret", "bad_proof", "bad_sub_share", "zero"]
    );
    for flaw in Flaw::ALL {
        assert_eq!(Flaw::from_code(flaw.code()), Some(flaw));
        assert!(!flaw.to_string().is_empty());
    }
    assert_eq!(Flaw::from_code("bad"), None);
    let failure = Failure::Culprits(vec![Culprit { index: index(3), flaw: Flaw::Zero }]);
    assert_eq!(failure.to_string(), "dealings refused; 3: a coefficient or sub-share is zero");
}

#[test]
fn batches_stay_under_their_limit_and_hold_a_key_at_least() {
    for t in [1, 2, 3, 5, 9, 22, 67, 100] {
        let bls = dkg::batch_size::<Bls12381>(t);
        assert!(bls * (usize::from(t) * 48 + 80 + 32) <= MAX_BATCH_BYTES);
        assert!((bls + 1) * (usize::from(t) * 48 + 80 + 32) > MAX_BATCH_BYTES);
        let secp = reshare::batch_size::<Secp256K1Sha256>(t);
        assert!(secp * (usize::from(t) * 33 + 32) <= MAX_BATCH_BYTES && secp >= 1);
    }
}

#[test]
fn equivocation_shows_in_the_digest() {
    let guardians = Guardians::<Bls12381>::dkg(2, 3, 2);
    let (_, one) = guardians.deal(&context(2), 1, 2);
    let (_, same) = guardians.deal(&context(2), 1, 2);
    let (_, other) = guardians.deal(&context(3), 1, 2);
    let (_, another) = guardians.deal(&context(2), 2, 2);
    assert_eq!(one.digest(), same.digest());
    assert_ne!(one.digest(), other.digest());
    assert_ne!(one.digest(), another.digest());
    assert_ne!(result_digest(one.keys()), result_digest(other.keys()));
    assert_eq!(result_digest(one.keys()), result_digest(same.keys()));
}

#[test]
fn private_parts_are_refused_by_name() {
    let guardians = Guardians::<Secp256K1Sha256>::dkg(2, 3, 2);
    let (dealer, public) = guardians.deal(&context(2), 1, 2);
    let good = dealer.private(index(2));
    assert_eq!(public.check_private(index(2), &good), Ok(()));
    assert_eq!(public.check_private(index(3), &good), Err(Flaw::BadSubShare));
    assert_eq!(public.check_private(index(2), &good[..63]), Err(Flaw::WrongLength));
    assert_eq!(public.check_private(index(2), &good[..32]), Err(Flaw::WrongLength));
    assert_eq!(public.check_private(index(2), &[]), Err(Flaw::WrongLength));
    let mut bad = good.to_vec();
    bad[63] ^= 1;
    assert_eq!(public.check_private(index(2), &bad), Err(Flaw::BadSubShare));
    bad[32..].fill(0xff);
    assert_eq!(public.check_private(index(2), &bad), Err(Flaw::BadSubShare));
    bad[32..].fill(0);
    assert_eq!(public.check_private(index(2), &bad), Err(Flaw::Zero));
    let swapped = [&good[32..], &good[..32]].concat();
    assert_eq!(public.check_private(index(2), &swapped), Err(Flaw::BadSubShare));
}
