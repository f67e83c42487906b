//! Ceremonies: what the core orders to be done with keys, and what members of a ceremony ask of each other.
//!
//! | file | holds |
//! |---|---|
//! | `office` | the task: sessions, errands, members' boards |
//! | `work` | one errand, one answer: fetch, check, keep |
//! | `session`, `result` | one ceremony's cryptography, batch by batch |
//! | `enact` | a result comes into force; old shares are destroyed |
//! | `quill`, `prover` | signs with the network's own key; proves that shares work |
//! | `channel`, `board` | what is asked of members, and what they sealed |
//! | `batches`, `shelf` | how keys are cut; the files of a ceremony |
//!
//! # Design decisions
//! - Everything fetched is checked, written and synced before the core hears of it, and never fetched twice: a restart
//!   goes on where it stopped.
//! - Sub-shares travel signed by their sender inside a parcel sealed to the receiver's custody key: nobody on the way
//!   reads them, and a false one proves its sender wrong to everybody.
//! - One batch at a time is in memory, whatever the number of keys.

use p2p::{AskToken, PeerId};

mod batches;
mod board;
mod channel;
mod enact;
mod office;
mod prover;
mod quill;
mod result;
mod session;
mod shelf;
mod work;

pub use office::{Tools, run};
pub use prover::Proving;
pub(crate) use prover::run as run_prover;
pub use quill::Order;
pub(crate) use quill::run as run_quill;
pub(crate) use shelf::{shred_directory, sweep};

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

/// Why the node must start anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Another epoch is in force here.
    NextEpoch,
    /// This guardian left the set: its shares must be destroyed while its store is closed.
    Retired,
}
