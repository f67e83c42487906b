//! Reads Puffer's contracts through execution nodes (JSON-RPC over HTTP or websockets). Reads only: nothing is sent.
//!
//! [`connect`] checks the nodes, [`watch`](watch()) runs the task, [`check`] diagnoses each node by itself. The words
//! are those of [`crypto::execution`].
//!
//! | module | holds |
//! |---|---|
//! | `config` | which nodes, which contracts, how patient |
//! | `contracts` | the part of the ABI that is read |
//! | `observation` | what is told |
//! | `probe` | what each node is worth by itself |
//! | `endpoints` | several nodes as one |
//! | `task` | what is done when |

mod agreement;
mod calldata;
mod config;
mod contracts;
mod counts;
mod cursor;
mod endpoint;
mod endpoints;
mod failure;
mod logs;
mod node;
mod observation;
mod probe;
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
pub use observation::{ExecutionObservation, MAX_AT_HEAD, MAX_OPERATORS, MAX_REGISTRATIONS, Resume};
pub use probe::{NodeReport, ProfileReport, SignedSkip, check, check_signed};
pub use task::watch;
