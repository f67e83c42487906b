//! `Block`: what is kept of a block, its header and its exits.

use super::state::BlockHeader;
use crypto::exit::SignedVoluntaryExit;
use crypto::spec::Root;

/// A block. Attestations are facts of the state and not kept; other operations do not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its header, which commits to the exits.
    pub header: BlockHeader,
    /// `body.voluntary_exits`, at most [`super::transition::MAX_VOLUNTARY_EXITS`].
    pub voluntary_exits: Vec<SignedVoluntaryExit>,
}

impl Block {
    /// Its root.
    pub fn root(&self) -> Root {
        self.header.root()
    }
}
