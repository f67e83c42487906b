//! The whole network in one process, on virtual slots: seeded loss, reorder, duplicates, crashes and liars.
//!
//! | module | holds |
//! |---|---|
//! | [`story`] | who takes part and what goes wrong |
//! | [`deed`] | what operators ask of their guardians |
//! | [`turmoil`] | stories in which people do all they can at once |
//! | [`world`] | the clock, the messages, the shells' work |
//! | [`node`] | a guardian with its journal, dying and starting again |
//! | [`chain`] | slots, finality, attestations, exits |
//! | [`contracts`] | operators, their tickets, and what is true of them |
//! | [`provider`] | a guardian's execution nodes: late, twice, in any chunks, silent, lying |
//! | [`liar`] | guardians that lie |
//! | [`sealing`], [`signing`] | envelopes and signatures, symbolic or real |
//! | [`witness`] | the promises, checked at every step |
//! | [`campaign`] | one story for many seeds |
//!
//! A run depends on its [`story::Story`] alone; a failure prints the seed.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a simulator is a test: whatever goes wrong in it is a failure to show"
)]

pub mod campaign;
pub mod chain;
pub mod contracts;
pub mod deed;
pub mod liar;
pub mod node;
pub mod provider;
pub mod sealing;
pub mod signing;
pub mod story;
pub mod turmoil;
pub mod witness;
pub mod world;

/// Ticks of a slot: the grain of message delays.
pub const TICKS_PER_SLOT: u64 = 6;
