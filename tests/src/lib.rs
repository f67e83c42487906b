//! Stories that cross crates: simulator, adversaries, real peers.

pub mod adversary;
pub mod anvil;
pub mod lodestar;
pub mod processes;
pub mod simulator;
