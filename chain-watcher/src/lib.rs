//! Reads and posts to beacon nodes, reads contracts through execution nodes: the only crate of the network that
//! speaks to a chain. The two sides do not know each other; the contracts' side is [`execution`], the rest is the beacon
//! chain's.
//!
//! It reports facts ([`Observation`]), never opinions. Several nodes are used as one: facts come from any healthy
//! node, finality only where a majority of the healthy ones agrees and none contradicts, exits go to all.
//!
//! | module | holds |
//! |---|---|
//! | [`config`] | which nodes, which chain, how patient |
//! | `endpoint` | HTTP to one node: timeouts, size caps, no credentials in logs |
//! | `api` | JSON shapes of the Beacon API |
//! | `chain_spec` | which chain a node serves; comparison with the expected one |
//! | `node`, `nodes` | health of one node; agreement, failover of several |
//! | `validators`, `liveness`, `finality` | what is asked, in the way each node understands |
//! | `attendance`, `balances` | pure: merged liveness by epoch; liveness from balances |
//! | `events` | the events stream, as hints |
//! | `lookout`, `watch` | what is asked at a slot; the task that does it |
//! | `submission`, `refusal` | posting exits; whom a refusal blames |
//! | [`archive`] | which block included an exit |
//! | [`execution`] | the contracts: what they log and say, through execution nodes |
//! | [`checkup`] | one node looked at once, for a person |
//! | [`slot_clock`] | slots from time |
//!
//! # Design decisions
//! - Nodes differ in what they offer. The current API is tried first, the older form is remembered per node once it
//!   answered, and forgotten when the node was away, for it may have been upgraded.
//! - Accusing needs more than acquitting. Liveness is merged so that one node that saw an attestation outweighs all
//!   that did not; a node that was away or syncing during an epoch cannot call anyone dark in it.
//! - The events stream only makes things faster. It is not believed: what it hints at is asked for.
//! - No general load balancing, no caching, no retries of questions within a slot: the next slot asks again. A posted
//!   exit is offered again, to the nodes that did not take it for their own sake.

pub mod archive;
pub mod checkup;
pub mod config;
pub mod execution;
pub mod slot_clock;

mod api;
mod attendance;
mod balances;
mod chain_spec;
mod endpoint;
mod error;
mod events;
mod finality;
mod liveness;
mod lookout;
mod node;
mod nodes;
mod observation;
mod refusal;
mod submission;
mod validators;
mod watch;

#[cfg(test)]
mod fake_node;

pub use archive::{Archive, Inclusion};
pub use chain_spec::read_chain_spec;
pub use config::{Config, NodeConfig, Timeouts};
pub use error::Error;
pub use nodes::{BeaconNodes, connect};
pub use observation::{Observation, PostOutcome};
pub use refusal::Blame;
pub use slot_clock::{SlotClock, SlotTicker};
pub use submission::Poster;
pub use watch::watch;
