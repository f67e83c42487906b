//! How this crate can be misused, or fail for reasons of the machine it runs on. What peers do wrong is a
//! [`Rejection`](crate::Rejection) instead.

use crate::Rejection;
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
    /// An envelope, a request or an answer is larger than peers accept.
    #[error("the message of {found} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// Its length, bytes.
        found: usize,
        /// The limit, bytes.
        limit: usize,
    },
    /// The command queue is full, or too many asks of one peer are outstanding: nothing was sent. Dropping is safe where
    /// the sender offers again later.
    #[error("the network's queue is full; try again later")]
    Busy,
    /// The peer to ask is neither a connected member nor a connected guest.
    #[error("peer {peer} is not connected; ask again when it is")]
    NotConnected {
        /// Which peer.
        peer: PeerId,
    },
    /// The connection or the stream ended before the answer was complete: the peer is gone, has no stream left for us,
    /// or dropped the request. It may have got it.
    #[error("peer {peer} hung up before it had answered; ask again")]
    Disconnected {
        /// Which peer.
        peer: PeerId,
    },
    /// The peer declined: it has no answer, is too busy, or refused the request as too large or one too many.
    #[error("peer {peer} declined to answer")]
    Declined {
        /// Which peer.
        peer: PeerId,
    },
    /// The peer did not answer in time. It may have got the request.
    #[error("peer {peer} did not answer in time; ask again")]
    NoAnswer {
        /// Which peer.
        peer: PeerId,
    },
    /// The answer is too large or not in the agreed form; the peer was penalised for it.
    #[error("peer {peer} gave an answer that was refused: {reason}")]
    BadAnswer {
        /// Which peer.
        peer: PeerId,
        /// Why.
        reason: Rejection,
    },
    /// The peer does not speak the ceremony protocol.
    #[error("peer {peer} does not take part in ceremonies; its software is too old")]
    NoCeremonies {
        /// Which peer.
        peer: PeerId,
    },
    /// The network has been shut down.
    #[error("the network has been shut down")]
    Stopped,
}
