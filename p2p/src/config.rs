//! What the network is told at start: who we are, which network, where to listen, who the others are, and the limits.

use crate::Error;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId, identity};
use std::collections::HashSet;
use std::time::Duration;

/// Most peers a network may have. Limits that grow with the set stay small below it.
pub const MAX_PEERS: usize = 128;

/// Most guests at a time, beyond the peers.
pub const MAX_GUESTS: usize = 128;

/// All the network needs to know.
#[derive(Clone)]
pub struct Config {
    /// Our identity, secp256k1: our PeerId, and the key that seals every envelope.
    pub keypair: identity::Keypair,
    /// Id of the network, 32 bytes: in every envelope, in the topic and in the protocol names.
    pub network: [u8; 32],
    /// Where to listen, each `/ip4|ip6/ADDRESS/tcp/PORT`. Port 0 takes any free port, see
    /// [`Network::listening`](crate::Network::listening). None means we only dial.
    pub listen: Vec<Multiaddr>,
    /// The other guardians. Nobody else is spoken to, except guests: [`Network::admit`](crate::Network::admit).
    pub peers: Vec<Peer>,
    /// The bounds of everything.
    pub limits: Limits,
}

/// Another guardian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its identity; must carry a secp256k1 key.
    pub peer_id: PeerId,
    /// Where to dial it, each `/ip4|ip6/ADDRESS/tcp/PORT`, with its own `/p2p/ID` behind it or not. None means we
    /// wait for it to dial us.
    pub addresses: Vec<Multiaddr>,
}

/// Bounds of sizes, rates, queues, connections and waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Largest payload of an envelope, bytes, at most 16 MiB. Default 48 KiB.
    pub max_payload: usize,
    /// Largest gossip frame, bytes; must hold the largest envelope and 1 KiB around it. Default 64 KiB.
    pub max_transmit: usize,
    /// Commands waiting for the task; more are refused with [`Error::Busy`]. Default 256.
    pub command_queue: usize,
    /// Inbound items waiting for the consumer; messages beyond it are dropped and counted. Default 512.
    pub inbound_queue: usize,
    /// Oldest gossip accepted, by the time inside the envelope. Must be below the five minutes for which gossip
    /// remembers what it has seen, so that a replay is either known or stale. Default 120 s.
    pub max_age: Duration,
    /// How far another guardian's clock may run ahead of ours. Default 30 s.
    pub max_ahead: Duration,
    /// Messages a second each guardian may author; each link may carry as many times more as there are guardians.
    /// Default 64.
    pub messages_per_second: u32,
    /// Messages a guardian may author at once after it was quiet. Default 512.
    pub message_burst: u32,
    /// Established connections with one peer. Two come of both dialling at once; the rest is for a peer that
    /// restarts before its old connection is known dead. Default 4.
    pub connections_per_peer: u32,
    /// Inbound connections that have not yet proved who they are. Default 64.
    pub pending_incoming: u32,
    /// Time for a connection to prove who it is. Default 10 s.
    pub handshake_timeout: Duration,
    /// Time for a connected peer to subscribe to our topic before the connection is closed. Default 10 s.
    pub subscribe_timeout: Duration,
    /// How often a connection is pinged, and how long the answer may take before it is closed. Default 10 s.
    pub ping: Duration,
    /// First wait before dialling again; doubles with each failure. Default 500 ms.
    pub redial_min: Duration,
    /// Longest wait before dialling again. Dialling never ends. Default 30 s.
    pub redial_max: Duration,
    /// Most envelopes in one catch-up answer. Default 256.
    pub catch_up_envelopes: usize,
    /// Most bytes in one catch-up answer. Default 1 MiB.
    pub catch_up_bytes: usize,
    /// Time for a catch-up request to be answered. Default 10 s.
    pub catch_up_timeout: Duration,
    /// Time after which a peer may ask for one more answer; three may come at once. Default 5 s.
    pub catch_up_interval: Duration,
    /// Largest request on the ceremony channel, bytes, at most 16 MiB. Default 16 KiB.
    pub max_request: usize,
    /// Largest answer on the ceremony channel, bytes, at most 16 MiB. Default 128 KiB.
    pub max_answer: usize,
    /// Time for an ask to be answered, from the call on. Default 20 s.
    pub ask_timeout: Duration,
    /// Asks of ours outstanding with one peer; more are refused with [`Error::Busy`]. Default 8.
    pub asks_outstanding: usize,
    /// Asks a second each peer may send; those beyond are declined, at no penalty. Our own are held back to the same
    /// number. Default 64.
    pub asks_per_second: u32,
    /// Asks a peer may send at once after it was quiet; ours are held back to half of it. Default 128.
    pub ask_burst: u32,
    /// Time in which half of a peer's penalty is forgiven; at most two of it until a graylisted peer is heard
    /// again. Default 60 s.
    pub penalty_half_life: Duration,
    /// [`Inbound::Refused`](crate::Inbound::Refused) notices a second; all are counted in any case. Default 10.
    pub refused_per_second: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_payload: 48 * 1024,
            max_transmit: 64 * 1024,
            command_queue: 256,
            inbound_queue: 512,
            max_age: Duration::from_secs(120),
            max_ahead: Duration::from_secs(30),
            messages_per_second: 64,
            message_burst: 512,
            connections_per_peer: 4,
            pending_incoming: 64,
            handshake_timeout: Duration::from_secs(10),
            subscribe_timeout: Duration::from_secs(10),
            ping: Duration::from_secs(10),
            redial_min: Duration::from_millis(500),
            redial_max: Duration::from_secs(30),
            catch_up_envelopes: 256,
            catch_up_bytes: 1024 * 1024,
            catch_up_timeout: Duration::from_secs(10),
            catch_up_interval: Duration::from_secs(5),
            max_request: 16 * 1024,
            max_answer: 128 * 1024,
            ask_timeout: Duration::from_secs(20),
            asks_outstanding: 8,
            asks_per_second: 64,
            ask_burst: 128,
            penalty_half_life: Duration::from_secs(60),
            refused_per_second: 10,
        }
    }
}

/// Bound of the limits on one message, 16 MiB.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// For how long gossip remembers a message it has seen.
pub(crate) const SEEN_TIME: Duration = Duration::from_secs(300);

impl Limits {
    /// Largest envelope, bytes.
    pub fn max_envelope(&self) -> usize {
        self.max_payload.saturating_add(crate::envelope::OVERHEAD)
    }

    fn check(&self) -> Result<(), Error> {
        let limit = |field, problem| Err(Error::Limit { field, problem });
        if self.max_payload > MOST_BYTES {
            return limit("max_payload", "must be at most 16 MiB");
        }
        if self.max_transmit < self.max_envelope().saturating_add(1024) {
            return limit("max_transmit", "must hold the largest envelope and 1 KiB around it");
        }
        if self.max_age.saturating_add(self.max_ahead) >= SEEN_TIME {
            return limit(
                "max_age",
                "must, with max_ahead, stay below 300 s, or old messages could be replayed",
            );
        }
        if self.redial_min.is_zero() || self.redial_max < self.redial_min {
            return limit("redial_min", "must be above zero and at most redial_max");
        }
        if self.redial_max > Duration::from_secs(3600) {
            return limit("redial_max", "must be at most an hour, or a peer that returns is not found");
        }
        if self.catch_up_bytes < self.max_envelope() {
            return limit("catch_up_bytes", "must hold the largest envelope");
        }
        if self.max_request > MOST_BYTES {
            return limit("max_request", "must be at most 16 MiB");
        }
        if self.max_answer > MOST_BYTES {
            return limit("max_answer", "must be at most 16 MiB");
        }
        if self.ask_timeout > Duration::from_secs(3600) {
            return limit("ask_timeout", "must be at most an hour");
        }
        let counts = [
            ("command_queue", self.command_queue == 0),
            ("inbound_queue", self.inbound_queue == 0),
            ("messages_per_second", self.messages_per_second == 0),
            ("message_burst", self.message_burst == 0),
            ("connections_per_peer", self.connections_per_peer == 0),
            ("pending_incoming", self.pending_incoming == 0),
            ("handshake_timeout", self.handshake_timeout.is_zero()),
            ("subscribe_timeout", self.subscribe_timeout.is_zero()),
            ("ping", self.ping.is_zero()),
            ("catch_up_envelopes", self.catch_up_envelopes == 0),
            ("catch_up_timeout", self.catch_up_timeout.is_zero()),
            ("max_request", self.max_request == 0),
            ("max_answer", self.max_answer == 0),
            ("ask_timeout", self.ask_timeout.is_zero()),
            ("asks_outstanding", self.asks_outstanding == 0),
            ("asks_per_second", self.asks_per_second == 0),
            ("ask_burst", self.ask_burst == 0),
            ("penalty_half_life", self.penalty_half_life.is_zero()),
        ];
        match counts.into_iter().find(|(_, zero)| *zero) {
            Some((field, _)) => limit(field, "must be above zero"),
            None => Ok(()),
        }
    }
}

impl Config {
    /// Refuses what cannot work before anything is opened.
    ///
    /// # Errors
    /// The first problem found, naming the peer, address or field.
    pub fn check(&self) -> Result<(), Error> {
        self.limits.check()?;
        if self.keypair.key_type() != identity::KeyType::Secp256k1 {
            return Err(Error::IdentityType { found: self.keypair.key_type().to_string() });
        }
        let own = self.keypair.public().to_peer_id();
        if self.peers.iter().any(|peer| peer.peer_id == own) {
            return Err(Error::OwnPeer { peer: own });
        }
        check_peers(&self.peers, MAX_PEERS)?;
        self.listen.iter().try_for_each(|address| check_address(address, None))
    }
}

/// At most `limit`, each once, each with an identity of the right type and addresses that can be dialled.
pub(crate) fn check_peers(peers: &[Peer], limit: usize) -> Result<(), Error> {
    if peers.len() > limit {
        return Err(Error::TooManyPeers { found: peers.len(), limit });
    }
    let mut seen = HashSet::new();
    for Peer { peer_id, addresses } in peers {
        if !seen.insert(*peer_id) {
            return Err(Error::DuplicatePeer { peer: *peer_id });
        }
        if crate::envelope::public_key(*peer_id).is_none() {
            return Err(Error::PeerKey { peer: *peer_id });
        }
        addresses.iter().try_for_each(|address| check_address(address, Some(*peer_id)))?;
    }
    Ok(())
}

/// Only IP and TCP, and behind it only the PeerId that is meant.
fn check_address(address: &Multiaddr, peer: Option<PeerId>) -> Result<(), Error> {
    let refuse = |hint| Err(Error::Address { address: address.clone(), hint });
    let mut parts = address.iter();
    match parts.next() {
        Some(Protocol::Ip4(_) | Protocol::Ip6(_)) => {}
        Some(Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_) | Protocol::Dnsaddr(_)) => {
            return refuse("; names are not resolved, give the IP address");
        }
        _ => return refuse(""),
    }
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Protocol::Tcp(_)), None, None) => Ok(()),
        (Some(Protocol::Tcp(_)), Some(Protocol::P2p(found)), None) if peer == Some(found) => Ok(()),
        (Some(Protocol::Tcp(_)), Some(Protocol::P2p(_)), None) if peer.is_some() => {
            refuse("; it ends in another peer's id")
        }
        _ => refuse(""),
    }
}

#[cfg(test)]
mod tests;
