//! `Campaign`: one story told for many seeds, on all cores.

use super::witness::Witness;
use super::world::World;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A test that runs a story for many seeds. `SIMULATOR_SEEDS=n` runs that many, `SIMULATOR_SEED=n` that one alone.
#[derive(Debug, Clone, Copy)]
pub struct Campaign<'a> {
    /// The test binary.
    pub binary: &'a str,
    /// The test.
    pub test: &'a str,
    /// How many seeds, where nothing else is said.
    pub seeds: u64,
}

impl Campaign<'_> {
    /// Runs the story of each seed. What was seen in all of them; None when fewer than usual ran.
    pub fn run(&self, story: impl Fn(u64) -> World + Sync) -> Option<Witness> {
        let told = |seed| {
            let _banner = Banner { campaign: self, seed };
            story(seed)
        };
        if let Some(seed) = number("SIMULATOR_SEED") {
            told(seed);
            return None;
        }
        let seeds = number("SIMULATOR_SEEDS").unwrap_or(self.seeds);
        let (next, seen) = (AtomicU64::new(0), Mutex::new(Witness::default()));
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= seeds {
                            break;
                        }
                        let world = told(seed);
                        seen.lock().unwrap_or_else(PoisonError::into_inner).remember(&world.witness);
                    }
                });
            }
        });
        (seeds >= self.seeds).then(|| seen.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Prints which story failed, when the thread that holds it panics.
#[derive(Debug)]
struct Banner<'a> {
    campaign: &'a Campaign<'a>,
    seed: u64,
}

impl Drop for Banner<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Campaign { binary, test, .. } = self.campaign;
            eprintln!(
                "\nsimulator: {test} failed with seed {seed}; run it alone with \
                 SIMULATOR_SEED={seed} cargo test -p tests --test {binary} {test}\n",
                seed = self.seed
            );
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, got {text:?}")))
}
