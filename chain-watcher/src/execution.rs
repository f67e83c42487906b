//! Reads Puffer's contracts, and our `ExitProposals`, through execution nodes (JSON-RPC over HTTP or websockets). Reads
//! only: nothing is sent.
//!
//! [`connect`] checks the nodes, [`watch`](watch()) runs the task, [`check`] diagnoses each node by itself. The words
//! are those of [`crypto::execution`].
//!
//! | module | holds |
//! |---|---|
//! | `config` | which nodes, which contracts, how patient |
//! | `observation` | what is told |
//! | `contracts` | the part of the ABI that is read |
//! | `calldata` | pure: registrations in the input of a transaction |
//! | `cursor` | pure: which blocks next, and how many at once |
//! | `transport`, `endpoint`, `failure` | JSON-RPC with one node: limits, batches, what refusals mean |
//! | `node`, `endpoints`, `agreement` | health of one node; failover of several; what they call finalized together |
//! | `hearing` | one fact by several nodes: a second must say the same |
//! | `logs`, `counts` | a range of logs, and whether any are missing |
//! | `transaction`, `registrations` | what a log of a registration does not say |
//! | `proofs` | headers and account proofs of blocks that were read, for whoever wants to check |
//! | `state` | the contracts' state at a block |
//! | `watcher`, `scan`, `task` | one look; the ranges of a look; the task that looks |
//! | `probe` | what each node is worth by itself |
//!
//! # Design decisions
//! - A node is not believed where that can be helped: a transaction must have the hash its log names, logs must continue
//!   the contracts' own counts, a second node must say the same of logs, operators and state if it can, a finalized block
//!   must be that of more than half of the configured nodes and contradicted by none.
//! - Nothing is skipped. What cannot be found out now stops the scan, is said in words, and is tried again; only what
//!   every node denies is told as missing.
//! - All contracts in one question: the logs of a range come from one answer, in the order of the chain.
//! - Polling, no subscriptions, over websockets too: they would make things faster, not surer, and finality is slow.

mod agreement;
mod calldata;
mod config;
mod contracts;
mod counts;
mod cursor;
mod endpoint;
mod endpoints;
mod failure;
mod hearing;
mod logs;
mod node;
mod observation;
mod probe;
mod proofs;
mod registrations;
mod scan;
mod state;
mod task;
mod transaction;
mod transport;
mod watcher;

#[cfg(test)]
mod fake_chain;
#[cfg(test)]
mod fake_node;

pub use crate::config::{NodeConfig, Timeouts};
pub use config::Config;
pub use endpoints::{ExecutionNodes, connect};
pub use observation::{
    ExecutionObservation, MAX_AT_HEAD, MAX_EXITS_PROPOSED, MAX_OPERATORS, MAX_REGISTRATIONS, Resume,
};
pub use probe::{NodeReport, ProfileReport, SignedSkip, check, check_signed};
pub use proofs::Proofs;
pub use task::watch;
