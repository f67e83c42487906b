//! Signed bytes between known guardians over libp2p. Knows nothing of what the bytes mean.
//!
//! [`start`] takes a [`Config`] and gives a [`Network`] handle and the receiver of [`Inbound`]. Messages are sealed
//! ([`envelope`]), gossiped to everyone on a topic bound to the network, and checked before they are forwarded or
//! queued. A guardian that was away asks a peer for what it missed; the answer carries the original envelopes.
//! Ceremonies have a channel of their own, on which one guardian asks another ([`Network::ask`]); it reaches beyond the
//! network to the guests that were admitted ([`Network::admit`]).
//!
//! # Design decisions
//! - **Known peers only.** A connection from a PeerId outside the set is closed before any protocol runs over it.
//!   There is no discovery, no relay and no DHT. Guests are known too; gossip and catch-up do not exist for them.
//! - **Everything is bounded**, see [`Limits`]: sizes, rates, queues, connections, waits. When the consumer is slow,
//!   messages are dropped and counted, never piled up; whoever sends them offers them again.
//! - **Refusals are data.** What peers do wrong is a [`Rejection`] with a stable code, counted in [`Counters`].
//! - **Nobody is locked out for good.** Penalties decay; a guardian that was restarted, misconfigured or buggy is heard
//!   again without anyone's help. Being quiet or slow costs nothing.
//! - **Broadcast is best effort.** There are no acknowledgements and no ordering; what matters is offered again by
//!   the layer above.

pub mod config;
pub mod counters;
pub mod envelope;
pub mod topic;

mod asks;
mod behaviour;
mod catch_up;
mod ceremony;
mod error;
mod inbound;
mod link;
mod members;
mod network;
mod rate;
mod rejection;

pub use config::{Config, Limits, Peer};
pub use counters::Counters;
pub use envelope::{Opened, open_in};
pub use error::Error;
pub use inbound::{AskToken, Inbound, RequestToken};
pub use network::{Network, start};
pub use rejection::Rejection;

pub use libp2p::{Multiaddr, PeerId, identity};
