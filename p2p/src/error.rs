//! How this crate can be misused, or fail for reasons of the machine it runs on. What peers do wrong is a
//! [`Rejection`](crate::Rejection) instead.

use libp2p::{Multiaddr, PeerId};

/// What went wrong, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The identity key has another type.
    #[error("the identity key is {found}, not secp256k1; create one with `guardian init`")]
    IdentityType {
        /// Its type.
        found: String,
    },
    /// A PeerId does not carry a secp256k1 key.
    #[error("peer {peer} has no secp256k1 key in its PeerId; copy it again from that guardian's member card")]
    PeerKey {
        /// Which peer.
        peer: PeerId,
    },
    /// Our own PeerId is among the peers.
    #[error("peer {peer} is this guardian itself; list the other guardians only, each with its own identity")]
    OwnPeer {
        /// Our own id.
        peer: PeerId,
    },
    /// The same PeerId is listed twice.
    #[error("peer {peer} is listed twice; every guardian needs its own identity")]
    DuplicatePeer {
        /// Which peer.
        peer: PeerId,
    },
    /// The set is larger than the limits were made for.
    #[error("{found} peers exceed the limit of {limit}")]
    TooManyPeers {
        /// Peers given.
        found: usize,
        /// Peers allowed.
        limit: usize,
    },
    /// An address that this transport cannot use.
    #[error("address {address} is not /ip4|ip6/ADDRESS/tcp/PORT{hint}")]
    Address {
        /// The address.
        address: Multiaddr,
        /// More about it, starting with a semicolon; may be empty.
        hint: &'static str,
    },
    /// A limit that cannot work.
    #[error("limits.{field}: {problem}")]
    Limit {
        /// The field of [`Limits`](crate::Limits).
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The listen address cannot be bound.
    #[error("cannot listen on {address}: {reason}; choose a free address of this machine")]
    Listen {
        /// The address.
        address: Multiaddr,
        /// The operating system's reason.
        reason: String,
    },
    /// libp2p refused the assembled configuration.
    #[error("libp2p refused its {part}: {reason}")]
    Libp2p {
        /// Which part.
        part: &'static str,
        /// Its reason.
        reason: String,
    },
    /// Not called from within a tokio runtime.
    #[error("the network needs a running tokio runtime")]
    NoRuntime,
    /// The envelope to broadcast is larger than peers accept.
    #[error("the envelope of {found} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// Its length, bytes.
        found: usize,
        /// The limit, bytes.
        limit: usize,
    },
    /// The command queue is full: nothing was sent. Dropping is safe where the sender offers again later.
    #[error("the network's command queue is full; try again later")]
    Busy,
    /// The network has been shut down.
    #[error("the network has been shut down")]
    Stopped,
}
