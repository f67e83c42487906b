//! Pure: which blocks are scanned next, and how many at once.

use crypto::execution::{Block, BlockNumber};

/// Blocks asked for at first.
const FIRST_CHUNK: u64 = 2_000;
/// Most blocks asked for at once.
const MAX_CHUNK: u64 = 65_536;
/// Scans that went well before a size that was refused is tried again.
const EASY: u32 = 16;

/// What is to be scanned next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// These blocks, both included.
    Scan {
        /// First: one more than the last one scanned.
        from: BlockNumber,
        /// Last.
        to: BlockNumber,
    },
    /// Everything finalized is scanned.
    CaughtUp,
    /// The nodes call less finalized than was scanned already: they lag, or they lied before. Nothing to do but wait.
    Behind,
}

/// A scan that does not continue where the last one ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Where the next scan has to begin.
    pub(crate) expected: BlockNumber,
}

/// How far the chain is scanned, and how much to ask for at once.
#[derive(Debug, Clone)]
pub(crate) struct Cursor {
    deployed: BlockNumber,
    scanned: Option<Block>,
    chunk: u64,
    /// Largest chunk not known to be refused.
    ceiling: u64,
    /// Scans in a row that went well at the ceiling.
    easy: u32,
}

impl Cursor {
    /// Continues after `scanned`, or begins at `deployed`.
    pub(crate) fn new(deployed: BlockNumber, scanned: Option<Block>) -> Self {
        Self { deployed, scanned, chunk: FIRST_CHUNK, ceiling: MAX_CHUNK, easy: 0 }
    }

    /// The last block scanned.
    pub(crate) fn scanned(&self) -> Option<Block> {
        self.scanned
    }

    /// Blocks asked for at once.
    pub(crate) fn chunk(&self) -> u64 {
        self.chunk
    }

    fn from(&self) -> BlockNumber {
        self.scanned.map_or(self.deployed, |block| BlockNumber(block.number.0.saturating_add(1)))
    }

    /// What to scan when `finalized` is the last finalized block.
    pub(crate) fn next(&self, finalized: BlockNumber) -> Step {
        let from = self.from();
        if from <= finalized {
            let last = from.0.saturating_add(self.chunk - 1);
            return Step::Scan { from, to: BlockNumber(last.min(finalized.0)) };
        }
        match self.scanned {
            Some(scanned) if finalized < scanned.number => Step::Behind,
            _ => Step::CaughtUp,
        }
    }

    /// Blocks `from..=to` are scanned. Fewer than were asked for is fine.
    pub(crate) fn advance(&mut self, from: BlockNumber, to: Block) -> Result<(), Gap> {
        let expected = self.from();
        if from != expected || to.number < from {
            return Err(Gap { expected });
        }
        let whole = to.number.0 - from.0 + 1 >= self.chunk;
        self.scanned = Some(to);
        if !whole {
            return Ok(());
        }
        if self.chunk < self.ceiling {
            self.chunk = self.chunk.saturating_mul(2).min(self.ceiling);
        } else if self.ceiling < MAX_CHUNK {
            self.easy += 1;
            if self.easy == EASY {
                self.easy = 0;
                self.ceiling = self.ceiling.saturating_mul(2).min(MAX_CHUNK);
            }
        }
        Ok(())
    }

    /// A node refused `blocks` at once as too many, or did not manage them in time. False when it was one block only:
    /// less cannot be asked for.
    pub(crate) fn refused(&mut self, blocks: u64) -> bool {
        self.easy = 0;
        self.ceiling = self.ceiling.min((blocks / 2).max(1));
        self.chunk = self.chunk.min(self.ceiling);
        blocks > 1
    }
}

#[cfg(test)]
mod tests;
