//! Ceremonies: what the core orders to be done with keys, and what members of a ceremony ask of each other.

use p2p::{AskToken, PeerId};

/// What a member of a ceremony asks, and the right to answer it.
#[derive(Debug)]
pub struct Asked {
    /// Who asks.
    pub from: PeerId,
    /// What.
    pub request: Vec<u8>,
    /// The right to answer once.
    pub token: AskToken,
}
