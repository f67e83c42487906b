//! The whole network in one process, on virtual slots: seeded loss, reorder, duplicates, crashes and a liar.
//!
//! | module | holds |
//! |---|---|
//! | [`story`] | who takes part and what goes wrong |
//! | [`world`] | the clock, the messages, the shells' work |
//! | [`node`] | a guardian with its journal, dying and starting again |
//! | [`chain`] | slots, finality, attestations, exits |
//! | [`contracts`] | operators, their tickets, and what is true of them |
//! | [`provider`] | a guardian's execution nodes: late, twice, in any chunks, silent, lying |
//! | [`liar`] | the guardian that lies |
//! | [`sealing`], [`signing`] | envelopes and signatures, symbolic or real |
//! | [`witness`] | the promises, checked at every step |
//!
//! A run depends on its [`story::Story`] alone; a failure prints the seed.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a simulator is a test: whatever goes wrong in it is a failure to show"
)]

pub mod chain;
pub mod contracts;
pub mod liar;
pub mod node;
pub mod provider;
pub mod sealing;
pub mod signing;
pub mod story;
pub mod witness;
pub mod world;

/// Ticks of a slot: the grain of message delays.
pub const TICKS_PER_SLOT: u64 = 6;

/// Prints which story failed, when the thread that holds it panics.
#[derive(Debug)]
pub struct Banner<'a> {
    /// The test that runs.
    pub test: &'a str,
    /// Its seed.
    pub seed: u64,
}

impl Drop for Banner<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "\nsimulator: {} failed with seed {seed}; run it alone with \
                 SIMULATOR_SEED={seed} cargo test -p tests --test simulator {}\n",
                self.test,
                self.test,
                seed = self.seed
            );
        }
    }
}
