//! The press: writes this guardian's public log, has the others witness it, witnesses theirs, and hands it to the feed.
//!
//! | file | holds |
//! |---|---|
//! | `start`, `task` | what it consists of; what it does with every slot |
//! | `scribe` | the journal's public facts become entries of the log |
//! | `round` | a checkpoint is signed, witnessed by the others, and shown |
//! | `witness` | what the others offer is checked, written down and cosigned |
//! | `roots` | the blocks a decision was made by, as our nodes serve them |
//! | `question` | what guardians say to each other about it |
//! | `keys` | the key of the log, and the others' as they bound them |
//! | `shelf` | the logs of this guardian on disk |
//! | `redacted` | a status without what its operator alone should know |
//!
//! # Design decisions
//! - Beside the core, and never through it: the log follows the journal, so a crash anywhere loses no fact and tells none
//!   twice, and nothing that waits for the loop waits for the log.
//! - Each guardian is the only writer of its log, so guardians need not agree on an order. What keeps it honest is that the
//!   others cosign only what extends what they cosigned before, and write that down first.
//! - After a backup was restored the journal may lack what the log had told: another log begins (its *life*), and says so.
//! - A disk that fails here ends the log and the witnessing until the next try, and nothing else.

use p2p::AskToken;

mod keys;
mod question;
mod redacted;
mod roots;
mod round;
mod scribe;
mod shelf;
mod start;
mod task;
mod witness;

pub use redacted::redacted;
pub(crate) use roots::Nodes;
pub(crate) use start::{Needs, Started, start};

/// What another guardian says to the press, and the right to answer it.
#[derive(Debug)]
pub struct Offered {
    /// Who.
    pub from: p2p::PeerId,
    /// What.
    pub request: Vec<u8>,
    /// The right to answer once.
    pub token: AskToken,
}

pub use question::is_for_press;
