//! Stories that cross crates: simulator, adversaries, real peers.
