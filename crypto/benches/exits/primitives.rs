//! What the curve's own operations cost, and the least an exit can cost, made of them.

use crate::clock::Clock;
use crate::group::{G1, G1Affine, G2, G2Affine, HashedRoot, Miller, Scalar};
use crate::workload::Workload;
use crypto::spec::Root;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Pairs in one Miller loop of the library: where sharing the squarings stops paying.
const MILLER_PAIRS: usize = 16;

/// Shortest stretch that is timed: reading the clock takes some ten microseconds.
const WORTH_TIMING: Duration = Duration::from_millis(10);

/// Smallest times seen, microseconds an operation.
#[derive(Default)]
pub(crate) struct Primitives {
    least: BTreeMap<&'static str, f64>,
}

impl Primitives {
    pub(crate) fn measure(&mut self, work: &Workload) {
        let count = work.exits.len();
        let hashes: Vec<G2Affine> = (0..count)
            .map(|number| HashedRoot::new(Root([u8::try_from(number % 251).unwrap(); 32])).0)
            .collect();
        let points: Vec<G2Affine> = work
            .exits
            .iter()
            .map(|exit| G2Affine::from_uncompressed(&exit.partials[0].signature.0).unwrap())
            .collect();
        let keys: Vec<G1Affine> = work
            .exits
            .iter()
            .map(|exit| G1Affine::from_compressed(&exit.key_set.public_key().0).unwrap())
            .collect();
        let weights: Vec<[u8; 8]> =
            (1..=count as u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()).collect();
        let scalar = Scalar::from_be_bytes(&[0x55; 32]).unwrap();
        let projective: Vec<G2> = points.iter().map(|point| point.to_projective().double()).collect();
        let groups = count / MILLER_PAIRS;

        self.each("hash to G2", count, |i| HashedRoot::new(Root([i as u8; 32])));
        self.each("G2 multiplication, 255 bits, constant time", 20, |i| scalar.sign(&HashedRoot(hashes[i])));
        self.each("decode a partial, 192 bytes", count, |i| {
            G2Affine::from_uncompressed(&work.exits[i].partials[0].signature.0)
        });
        self.each("G2 subgroup check", count, |i| points[i].in_subgroup());
        self.whole("G1 multiplication, 64 bits", count, || {
            let products: Vec<G1> = keys.iter().map(|key| key.times(0x9e37_79b9_7f4a_7c15)).collect();
            G1::to_affines(&products)
        });
        self.whole("weighted sum in G2, 64 bits, a term", count, || G2::weighted_sum(&points, &weights));
        self.whole("G2 to affine, in a batch, and compress", count, || {
            G2::to_affines(&projective).into_iter().map(G2Affine::to_compressed).collect::<Vec<_>>()
        });
        self.whole("Miller loop, one of 16", groups * MILLER_PAIRS, || {
            (0..groups)
                .map(|group| {
                    let pairs = group * MILLER_PAIRS..(group + 1) * MILLER_PAIRS;
                    Miller::product(&keys[pairs.clone()], &hashes[pairs])
                })
                .collect::<Vec<_>>()
        });
        let value = Miller::product(&keys[..1], &hashes[..1]);
        self.each("final exponentiation", 20, |_| value.is_one());
        let multiples: &[i64] = match work.t {
            2 => &[2, -1],
            3 => &[3, -3, 1],
            _ => &[5, -10, 10, -5, 1],
        };
        self.each(combination(work.t), count, |start| {
            let chosen: Vec<G2Affine> = (0..multiples.len()).map(|i| points[(start + i) % count]).collect();
            small_combination(&chosen, multiples)
        });
    }

    /// The least an exit can cost with H(m) kept, in a batch of `count`: its share of one Miller loop of 16, weighting
    /// its key and its signature, the subgroup check, decoding and combining t partials, and its share of the final
    /// exponentiation and of the one Miller loop of the right side.
    pub(crate) fn limit(&self, t: u16, count: usize) -> f64 {
        let of = |name: &str| self.least.get(name).copied().unwrap_or(f64::NAN);
        of("Miller loop, one of 16")
            + of("G1 multiplication, 64 bits")
            + of("weighted sum in G2, 64 bits, a term")
            + of("G2 subgroup check")
            + of("G2 to affine, in a batch, and compress")
            + f64::from(t) * of("decode a partial, 192 bytes")
            + of(combination(t))
            + (of("final exponentiation") + of("Miller loop, one of 16")) / count as f64
    }

    pub(crate) fn hash(&self) -> f64 {
        self.least.get("hash to G2").copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn print(&self) {
        println!("Primitives, smallest time seen:\n\n| operation | us |\n|---|---|");
        for (name, micros) in &self.least {
            println!("| {name} | {micros:.1} |");
        }
    }

    fn each<T>(&mut self, name: &'static str, operations: usize, run: impl Fn(usize) -> T) {
        self.whole(name, operations, || {
            for i in 0..operations {
                black_box(run(i));
            }
        });
    }

    /// Repeats a short run, so that reading the clock does not count.
    fn whole<T>(&mut self, name: &'static str, operations: usize, run: impl Fn() -> T) {
        let trial = Instant::now();
        black_box(run());
        let repeats = (WORTH_TIMING.as_nanos() / trial.elapsed().as_nanos().max(1)).clamp(1, 10_000);
        let clock = Clock::start();
        for _ in 0..repeats {
            black_box(run());
        }
        let micros = clock.elapsed().as_secs_f64() * 1e6 / (repeats as f64 * operations as f64);
        let least = self.least.entry(name).or_insert(f64::INFINITY);
        *least = least.min(micros);
    }
}

/// The combination of consecutive indices, by t.
fn combination(t: u16) -> &'static str {
    match t {
        2 => "combine, t = 2, D = 1",
        3 => "combine, t = 3, D = 1",
        _ => "combine, t = 5, D = 1",
    }
}

/// The sum of small multiples, doublings shared: the additions and doublings of a combination and nothing else.
fn small_combination(points: &[G2Affine], multiples: &[i64]) -> G2 {
    let bits = multiples.iter().map(|m| u64::BITS - m.unsigned_abs().leading_zeros()).max().unwrap_or(0);
    let mut sum = G2::infinity();
    for bit in (0..bits).rev() {
        sum = sum.double();
        for (point, multiple) in points.iter().zip(multiples) {
            if multiple.unsigned_abs() >> bit & 1 == 1 {
                let term = if *multiple < 0 { point.negate() } else { *point };
                sum = sum.add_affine(&term);
            }
        }
    }
    sum
}
