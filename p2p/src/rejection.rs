//! Why something that came from the network was refused. A refusal is data, not an error: it is counted, reported
//! under a stable code and, where a peer is to blame for it, held against that peer's gossip score.

use std::fmt;

/// A refusal. The codes are stable: logs, metrics and documents quote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rejection {
    /// The bytes end before the envelope does.
    Truncated,
    /// Bytes follow the end of the envelope.
    TrailingBytes,
    /// The payload, the envelope or the answer is larger than the limit.
    TooLarge,
    /// The envelope has a version this software does not speak.
    Version,
    /// It belongs to a network with another id.
    WrongNetwork,
    /// The key that claims to have sent it is no guardian's.
    UnknownSender,
    /// The signature is not the claimed sender's over these bytes.
    BadSignature,
    /// It was sealed longer ago than the freshness window.
    Stale,
    /// It was sealed further in the future than clocks may differ.
    FromFuture,
    /// It is sealed by our own key, yet we did not send it since we started: an echo from before a restart, or a
    /// second process with our identity.
    OwnIdentity,
    /// The sender, or the peer that passed it on, exceeds its rate.
    RateLimited,
    /// Our own inbound queue is full: the consumer is too slow.
    QueueFull,
    /// A peer outside the guardian set tried to connect.
    UnknownPeer,
    /// One connection more than the limits allow.
    TooManyConnections,
    /// The connection failed before the peer had proved who it is.
    Handshake,
    /// The answer to a catch-up request is not in the agreed form.
    BadAnswer,
    /// The peer did not answer a catch-up request, or not in time.
    NoAnswer,
}

impl Rejection {
    /// Every refusal, in the order of their discriminants.
    pub const ALL: [Rejection; 17] = [
        Rejection::Truncated,
        Rejection::TrailingBytes,
        Rejection::TooLarge,
        Rejection::Version,
        Rejection::WrongNetwork,
        Rejection::UnknownSender,
        Rejection::BadSignature,
        Rejection::Stale,
        Rejection::FromFuture,
        Rejection::OwnIdentity,
        Rejection::RateLimited,
        Rejection::QueueFull,
        Rejection::UnknownPeer,
        Rejection::TooManyConnections,
        Rejection::Handshake,
        Rejection::BadAnswer,
        Rejection::NoAnswer,
    ];

    /// The stable code, in snake case.
    pub fn code(self) -> &'static str {
        match self {
            Rejection::Truncated => "truncated",
            Rejection::TrailingBytes => "trailing_bytes",
            Rejection::TooLarge => "too_large",
            Rejection::Version => "version",
            Rejection::WrongNetwork => "wrong_network",
            Rejection::UnknownSender => "unknown_sender",
            Rejection::BadSignature => "bad_signature",
            Rejection::Stale => "stale",
            Rejection::FromFuture => "from_future",
            Rejection::OwnIdentity => "own_identity",
            Rejection::RateLimited => "rate_limited",
            Rejection::QueueFull => "queue_full",
            Rejection::UnknownPeer => "unknown_peer",
            Rejection::TooManyConnections => "too_many_connections",
            Rejection::Handshake => "handshake",
            Rejection::BadAnswer => "bad_answer",
            Rejection::NoAnswer => "no_answer",
        }
    }

    /// Whether the peer that handed it to us is at fault: no honest guardian forwards or answers this. What can also
    /// come of a slow clock, a slow reader, a newer version or a restart is refused without blame.
    pub fn blames_peer(self) -> bool {
        match self {
            Rejection::Truncated
            | Rejection::TrailingBytes
            | Rejection::TooLarge
            | Rejection::WrongNetwork
            | Rejection::UnknownSender
            | Rejection::BadSignature
            | Rejection::BadAnswer => true,
            Rejection::Version
            | Rejection::Stale
            | Rejection::FromFuture
            | Rejection::OwnIdentity
            | Rejection::RateLimited
            | Rejection::QueueFull
            | Rejection::UnknownPeer
            | Rejection::TooManyConnections
            | Rejection::Handshake
            | Rejection::NoAnswer => false,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests;
