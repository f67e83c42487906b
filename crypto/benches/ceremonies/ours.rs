//! One guardian's work in a key generation and in a resharing, by this crate.

use crate::clock::Clock;
use crypto::ciphersuite::Bls12381;
use crypto::dealing::{Concluded, Context, Dealing, PublicDealing};
use crypto::dkg;
use crypto::keys::SecretKey;
use crypto::possession::{Proof, Statement};
use crypto::reshare::{self, Target};
use crypto::seed::Seed;
use crypto::sharing::{Commitments, Share};
use crypto::threshold::{ShareIndex, Threshold};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::hint::black_box;
use std::time::Duration;

const CONTEXT: Context = Context([1; 32]);

/// The guardian whose work is timed.
const ME: u16 = 1;

fn index(x: u16) -> ShareIndex {
    ShareIndex::new(x).unwrap()
}

fn seed(x: u16) -> Seed {
    Seed::from_bytes(&[u8::try_from(x).unwrap(); 32])
}

/// Sizes of the batches that hold `keys` keys.
fn batches(keys: u32, size: usize) -> Vec<u32> {
    let size = u32::try_from(size).unwrap();
    (0..keys.div_ceil(size)).map(|batch| size.min(keys - batch * size)).collect()
}

/// The smallest time of some rounds.
pub(crate) fn least<T>(rounds: usize, mut work: impl FnMut() -> T) -> Duration {
    (0..rounds)
        .map(|_| {
            let clock = Clock::start();
            black_box(work());
            clock.elapsed()
        })
        .min()
        .unwrap_or_default()
}

/// What one dealer sends: by batch, the public part and the private one for [`ME`].
struct Dealt {
    dealer: u16,
    batches: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Three steps of a ceremony and the peer's whole, of `keys` keys.
fn line(name: &str, threshold: Threshold, keys: u32, steps: [Duration; 3], peer: Duration, dealt: &[Dealt]) {
    let each = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(keys);
    let [deal, check, conclude] = steps.map(each);
    let all = deal + check + conclude;
    let peer = peer.as_secs_f64() * 1e3;
    let bytes = |dealer: &Dealt| dealer.batches.iter().map(|(public, _)| public.len()).sum::<usize>();
    let both = |dealer: &Dealt| dealer.batches.iter().map(|(a, b)| a.len() + b.len()).sum::<usize>();
    let public = bytes(&dealt[0]) / usize::try_from(keys).unwrap();
    let received = dealt.iter().filter(|dealer| dealer.dealer != ME).map(both).sum::<usize>();
    println!(
        "| {name} | {} of {} | {keys} | {deal:.3} | {check:.3} | {conclude:.3} | {all:.3} | {peer:.3} | {:.1} | \
         {public} | {} |",
        threshold.t(),
        threshold.n(),
        peer / all,
        received / usize::try_from(keys).unwrap()
    );
}

fn dealings<'a>(
    publics: &'a [Vec<PublicDealing<Bls12381>>],
    dealt: &'a [Dealt],
    batch: usize,
) -> Vec<Dealing<'a, Bls12381>> {
    publics
        .iter()
        .zip(dealt)
        .map(|(public, dealt)| Dealing { public: &public[batch], private: Some(&dealt.batches[batch].1) })
        .collect()
}

/// A key generation with everybody's dealings made.
pub(crate) struct Generation {
    threshold: Threshold,
    keys: u32,
    batches: Vec<u32>,
    dealt: Vec<Dealt>,
}

impl Generation {
    pub(crate) fn new(t: u16, n: u16, keys: u32) -> Self {
        let threshold = Threshold::new(t, n).unwrap();
        let batches = batches(keys, dkg::batch_size::<Bls12381>(t));
        let mut this = Self { threshold, keys, batches, dealt: Vec::new() };
        this.dealt = (1..=n).map(|dealer| Dealt { dealer, batches: this.deal_as(dealer, &[ME]) }).collect();
        this
    }

    fn deal_as(&self, dealer: u16, receivers: &[u16]) -> Vec<(Vec<u8>, Vec<u8>)> {
        (0u32..)
            .zip(&self.batches)
            .map(|(batch, count)| {
                let dealer =
                    dkg::Dealer::new(&CONTEXT, self.threshold, index(dealer), *count, &seed(dealer), batch);
                let dealer: dkg::Dealer<Bls12381> = dealer.unwrap();
                let private = receivers.iter().fold(Vec::new(), |_, x| dealer.private(index(*x)).to_vec());
                (dealer.public().to_vec(), private)
            })
            .collect()
    }

    /// Deals as [`ME`] to everybody.
    pub(crate) fn deal(&self) -> usize {
        let everybody: Vec<u16> = (1..=self.threshold.n()).collect();
        self.deal_as(ME, &everybody).len()
    }

    /// Checks one dealer's dealing.
    pub(crate) fn check_one(&self, position: usize) -> Vec<PublicDealing<Bls12381>> {
        let dealt = &self.dealt[position];
        (0u32..)
            .zip(&self.batches)
            .zip(&dealt.batches)
            .map(|((batch, count), (public, private))| {
                let dealer = index(dealt.dealer);
                let checked =
                    dkg::check_public::<Bls12381>(&CONTEXT, self.threshold, dealer, *count, batch, public)
                        .unwrap();
                checked.check_private(index(ME), private).unwrap();
                checked
            })
            .collect()
    }

    fn conclude(&self, publics: &[Vec<PublicDealing<Bls12381>>]) -> Vec<Concluded<Bls12381>> {
        (0..self.batches.len())
            .flat_map(|batch| {
                let dealings = dealings(publics, &self.dealt, batch);
                dkg::conclude(self.threshold, self.batches[batch], &dealings, Some(index(ME))).unwrap()
            })
            .collect()
    }

    /// Times it and prints a line. Its own dealing a guardian need not check.
    pub(crate) fn line(&self, rounds: usize, peer: Duration) {
        let deal = least(rounds, || self.deal());
        let check = least(rounds, || (1..self.dealt.len()).map(|i| self.check_one(i).len()).sum::<usize>());
        let publics: Vec<_> = (0..self.dealt.len()).map(|i| self.check_one(i)).collect();
        let conclude = least(rounds, || self.conclude(&publics).len());
        line("dkg", self.threshold, self.keys, [deal, check, conclude], peer, &self.dealt);
    }

    fn concluded(&self) -> Vec<Concluded<Bls12381>> {
        let publics: Vec<_> = (0..self.dealt.len()).map(|i| self.check_one(i)).collect();
        self.conclude(&publics)
    }

    /// The possession proof of [`ME`] over all keys.
    pub(crate) fn proven(&self) -> (Statement<Bls12381>, Proof<Bls12381>) {
        let concluded = self.concluded();
        let keys: Vec<_> = concluded.iter().map(|key| &key.commitments).collect();
        let shares: Vec<_> = concluded.iter().filter_map(|key| key.share.as_ref()).collect();
        let statement = Statement::new(&CONTEXT.0, &keys).unwrap();
        let proof = statement.prove(&shares, &mut StdRng::seed_from_u64(1)).unwrap();
        (statement, proof)
    }

    pub(crate) fn commitments(&self) -> Vec<Commitments<Bls12381>> {
        self.concluded().into_iter().map(|key| key.commitments).collect()
    }
}

/// A resharing by the first t guardians to all n at the same t, with the dealings made.
pub(crate) struct Resharing {
    threshold: Threshold,
    keys: Vec<Commitments<Bls12381>>,
    mine: Vec<Share<Bls12381>>,
    size: usize,
    dealt: Vec<Dealt>,
}

impl Resharing {
    pub(crate) fn new(t: u16, n: u16, keys: u32) -> Self {
        let threshold = Threshold::new(t, n).unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let mut shares: Vec<Vec<Share<Bls12381>>> = (0..n).map(|_| Vec::new()).collect();
        let mut commitments = Vec::new();
        for _ in 0..keys {
            let (set, split) = SecretKey::generate(&mut rng).split(threshold, &mut rng);
            commitments.push(Commitments::from(&set));
            for (list, share) in shares.iter_mut().zip(&split) {
                list.push(Share::from(share));
            }
        }
        let size = reshare::batch_size::<Bls12381>(t);
        let dealt = (1..=t)
            .zip(&shares)
            .map(|(dealer, shares)| Dealt { dealer, batches: deal_as(dealer, shares, t, size, &[ME]) })
            .collect();
        Self { threshold, keys: commitments, mine: shares.swap_remove(0), size, dealt }
    }

    /// Deals as [`ME`] to everybody.
    pub(crate) fn deal(&self) -> usize {
        let everybody: Vec<u16> = (1..=self.threshold.n()).collect();
        deal_as(ME, &self.mine, self.threshold.t(), self.size, &everybody).len()
    }

    /// Checks one dealer's dealing.
    pub(crate) fn check_one(&self, position: usize) -> Vec<PublicDealing<Bls12381>> {
        let dealt = &self.dealt[position];
        self.keys
            .chunks(self.size)
            .zip(&dealt.batches)
            .map(|(keys, (public, private))| {
                let t = self.threshold.t();
                let checked = reshare::check_public(keys, index(dealt.dealer), t, public).unwrap();
                checked.check_private(index(ME), private).unwrap();
                checked
            })
            .collect()
    }

    fn conclude(&self, publics: &[Vec<PublicDealing<Bls12381>>]) -> usize {
        let (t, me) = (self.threshold.t(), Some(index(ME)));
        self.keys
            .chunks(self.size)
            .enumerate()
            .map(|(batch, keys)| {
                let dealings = dealings(publics, &self.dealt, batch);
                reshare::conclude(keys, Target::Key, &dealings, t, me).unwrap().len()
            })
            .sum()
    }

    /// Times it and prints a line.
    pub(crate) fn line(&self, rounds: usize, peer: Duration) {
        let deal = least(rounds, || self.deal());
        let check = least(rounds, || (0..self.dealt.len()).map(|i| self.check_one(i).len()).sum::<usize>());
        let publics: Vec<_> = (0..self.dealt.len()).map(|i| self.check_one(i)).collect();
        let conclude = least(rounds, || self.conclude(&publics));
        let keys = u32::try_from(self.keys.len()).unwrap();
        line("reshare", self.threshold, keys, [deal, check, conclude], peer, &self.dealt);
    }
}

fn deal_as(
    dealer: u16,
    shares: &[Share<Bls12381>],
    t: u16,
    size: usize,
    receivers: &[u16],
) -> Vec<(Vec<u8>, Vec<u8>)> {
    (0u32..)
        .zip(shares.chunks(size))
        .map(|(batch, shares)| {
            let dealer = reshare::Dealer::new(&CONTEXT, shares, t, &seed(dealer), batch).unwrap();
            let private = receivers.iter().fold(Vec::new(), |_, x| dealer.private(index(*x)).to_vec());
            (dealer.public().to_vec(), private)
        })
        .collect()
}
