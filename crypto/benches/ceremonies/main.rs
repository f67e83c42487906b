//! What a ceremony costs one guardian, beside what `frost-core`'s own functions cost for the same, all in one run.
//!
//! `cargo bench -p crypto --bench ceremonies` prints the tables first and then criterion's figures for a 3-of-4.
//! `CEREMONY_KEYS=5000` adds a run of so many keys. One thread; the tables count the time it spent on a processor, the
//! smallest of the rounds, each step over the whole batch run, so that nothing is extrapolated.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot set up should stop")]

#[path = "../exits/clock.rs"]
mod clock;
mod ours;
mod peer;

use clock::ProcessorTime;
use criterion::Criterion;
use crypto::ciphersuite::Bls12381;
use crypto::possession::Statement;
use crypto::threshold::ShareIndex;
use ours::{Generation, Resharing};
use std::time::Duration;

/// Guardians; t is two thirds and one.
const SIZES: [u16; 4] = [4, 7, 16, 32];

fn threshold(n: u16) -> u16 {
    2 * n / 3 + 1
}

fn main() {
    // `cargo bench` says so; `cargo test --all-targets` does not, and has nothing to test here.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let extra = std::env::var("CEREMONY_KEYS").ok().and_then(|keys| keys.parse::<u32>().ok());
    println!("BLS12-381, ms of processor time a key for one guardian; bytes a key\n");
    println!(
        "| ceremony | t of n | keys | deal | check | conclude | all | frost-core | times ours | \
         public, a dealer | received |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for n in SIZES {
        let t = threshold(n);
        let rounds = if n > 7 { 1 } else { 3 };
        let generated = peer::generation::<Bls12381>(t, n, 3);
        let reshared = peer::resharing::<Bls12381>(t, n, 3);
        // Many keys at the largest sizes would take the better part of an hour to set up.
        let many = extra.filter(|_| n <= 7);
        for keys in [Some(1), Some(100), many].into_iter().flatten() {
            let rounds = if keys == 1 { 5 } else { rounds };
            Generation::new(t, n, keys).line(rounds, generated);
            Resharing::new(t, n, keys).line(rounds, reshared);
        }
    }
    let mut criterion = Criterion::default()
        .with_measurement(ProcessorTime)
        .sample_size(20)
        .measurement_time(Duration::from_secs(3));
    singles(&mut criterion);
    criterion.final_summary();
}

/// Single steps of a 3-of-4, one key.
fn singles(criterion: &mut Criterion<ProcessorTime>) {
    let generation = Generation::new(3, 4, 1);
    let resharing = Resharing::new(3, 4, 1);
    criterion.bench_function("dkg 3-of-4, deal", |b| b.iter(|| generation.deal()));
    criterion.bench_function("dkg 3-of-4, check one dealing", |b| b.iter(|| generation.check_one(1)));
    criterion.bench_function("reshare 3-of-4, deal", |b| b.iter(|| resharing.deal()));
    criterion.bench_function("reshare 3-of-4, check one dealing", |b| b.iter(|| resharing.check_one(1)));
    let many = Generation::new(3, 4, 100);
    let commitments = many.commitments();
    let keys: Vec<_> = commitments.iter().collect();
    criterion.bench_function("possession of 100 keys, 3-of-4, statement", |b| {
        b.iter(|| Statement::new(&[1; 32], &keys).unwrap());
    });
    let (statement, proof) = many.proven();
    let holder = ShareIndex::new(1).unwrap();
    criterion.bench_function("possession of 100 keys, 3-of-4, verify", |b| {
        b.iter(|| statement.verify(holder, &proof));
    });
}
