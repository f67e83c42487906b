//! What the network hands to its one consumer, and the bounded queue in between.

use crate::Rejection;
use crate::ceremony::Frame;
use crate::rate::Bucket;
use libp2p::PeerId;
use libp2p::request_response::ResponseChannel;
use std::collections::VecDeque;
use std::fmt;
use std::time::Instant;
use tokio::sync::mpsc::{self, OwnedPermit};

/// Something that happened on the network.
pub enum Inbound {
    /// A guardian said something: signature, network, size and, for gossip, freshness and rate are checked.
    Message {
        /// Who sealed it; not always the peer that passed it on.
        sender: PeerId,
        /// What it said.
        payload: Vec<u8>,
        /// The envelope as it came, to keep as evidence, to relay or to answer a catch-up with.
        envelope: Vec<u8>,
    },
    /// A peer that was away asks for envelopes. Answer with [`Network::reply`](crate::Network::reply), or drop the
    /// token to decline.
    CatchUpRequested {
        /// Who asks.
        from: PeerId,
        /// The right to answer once, within the catch-up timeout.
        token: RequestToken,
    },
    /// A member or a guest asks on the ceremony channel. Answer with [`Network::answer`](crate::Network::answer),
    /// with nothing to decline. Dropping the token hangs up on the asker.
    Asked {
        /// Who asks.
        from: PeerId,
        /// What it asks. May hold ciphertext of secrets.
        request: Vec<u8>,
        /// The right to answer once, within the ask timeout.
        token: AskToken,
    },
    /// A member is connected and subscribed: what is broadcast from now on reaches it.
    Connected(PeerId),
    /// The last connection with a connected member is gone. It is dialled again until it is back.
    Disconnected(PeerId),
    /// Something was refused. At most [`Limits::refused_per_second`](crate::Limits::refused_per_second) of these
    /// come, and none while the queue is full; [`Counters`](crate::Counters) has them all.
    Refused {
        /// Who is concerned: the peer that handed it to us or tried to connect. `None` if it did not get so far as
        /// to prove who it is.
        peer: Option<PeerId>,
        /// Why.
        reason: Rejection,
    },
}

/// The right to answer one catch-up request, once.
#[derive(Debug)]
pub struct RequestToken {
    pub(crate) channel: ResponseChannel<Vec<u8>>,
}

/// The right to answer one ask, once.
#[derive(Debug)]
pub struct AskToken {
    pub(crate) channel: ResponseChannel<Frame>,
}

/// Tells of bytes only how many there are: what is asked in a ceremony stays out of logs, whoever prints it.
impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Inbound::Message { sender, payload, .. } => {
                write!(f, "Message of {} bytes from {sender}", payload.len())
            }
            Inbound::CatchUpRequested { from, .. } => write!(f, "CatchUpRequested from {from}"),
            Inbound::Asked { from, request, .. } => {
                write!(f, "Asked, {} bytes, from {from}", request.len())
            }
            Inbound::Connected(peer) => write!(f, "Connected({peer})"),
            Inbound::Disconnected(peer) => write!(f, "Disconnected({peer})"),
            Inbound::Refused { peer, reason } => write!(f, "Refused({reason}) from {peer:?}"),
        }
    }
}

/// The task's end of the inbound queue.
///
/// Messages, requests and refusals are dropped when the queue is full. Changes of connection must not be lost, so they
/// wait beside it; as a change and its opposite cancel out, at most one per peer waits.
#[derive(Debug)]
pub(crate) struct Mailbox {
    queue: mpsc::Sender<Inbound>,
    changes: VecDeque<(PeerId, bool)>,
    refused: Bucket,
}

impl Mailbox {
    /// A mailbox before `queue` that tells of at most `refused_per_second` refusals a second.
    pub(crate) fn new(queue: mpsc::Sender<Inbound>, refused_per_second: u32, now: Instant) -> Mailbox {
        let refused = Bucket::per_second(refused_per_second.saturating_mul(5), refused_per_second, now);
        Mailbox { queue, changes: VecDeque::new(), refused }
    }

    /// A place in the queue, unless it is full or connection changes wait before it.
    pub(crate) fn place(&self) -> Option<OwnedPermit<Inbound>> {
        if self.changes.is_empty() { self.queue.clone().try_reserve_owned().ok() } else { None }
    }

    /// Queues an item if there is a place. Says whether there was.
    pub(crate) fn offer(&mut self, item: Inbound) -> bool {
        self.place().map(|place| place.send(item)).is_some()
    }

    /// Tells of a refusal, if the rate allows.
    pub(crate) fn refuse(&mut self, peer: Option<PeerId>, reason: Rejection, now: Instant) {
        if self.refused.take(now) {
            let _ = self.offer(Inbound::Refused { peer, reason });
        }
    }

    /// Tells that a peer is connected, or no longer.
    pub(crate) fn change(&mut self, peer: PeerId, connected: bool) {
        let waiting = self.changes.iter().position(|(waiting, _)| *waiting == peer);
        match waiting.and_then(|place| self.changes.remove(place)) {
            // The consumer has not yet heard of the change that this one takes back.
            Some((_, before)) if before != connected => {}
            _ => self.changes.push_back((peer, connected)),
        }
        while let Ok(permit) = self.queue.clone().try_reserve_owned() {
            if !self.send_change(permit) {
                break;
            }
        }
    }

    /// Whether connection changes wait for room.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Sends the first waiting change. Says whether there was one; otherwise the permit is given back.
    pub(crate) fn send_change(&mut self, permit: OwnedPermit<Inbound>) -> bool {
        let Some((peer, connected)) = self.changes.pop_front() else { return false };
        let _ = permit.send(if connected { Inbound::Connected(peer) } else { Inbound::Disconnected(peer) });
        true
    }

    /// Waits for room for one item; `None` when the consumer is gone. May be dropped at any time.
    pub(crate) fn room(&self) -> impl Future<Output = Option<OwnedPermit<Inbound>>> + use<> {
        let queue = self.queue.clone();
        async move { queue.reserve_owned().await.ok() }
    }

    /// Waits until the consumer is gone. May be dropped at any time.
    pub(crate) fn closed(&self) -> impl Future<Output = ()> + use<> {
        let queue = self.queue.clone();
        async move { queue.closed().await }
    }
}

#[cfg(test)]
mod tests;
