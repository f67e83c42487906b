//! Asks of ours that are not settled: which wait, which are on the way, and when each gives up. Every ask that was
//! taken is settled once: with an answer, a refusal, at its deadline or when the connection is gone. What is dropped
//! with the network is settled by that.

use crate::Error;
use crate::ceremony::ON_THE_WAY;
use libp2p::PeerId;
use libp2p::request_response::OutboundRequestId;
use std::collections::{HashMap, VecDeque};
use std::time::Instant;
use tokio::sync::oneshot;

/// Where the outcome of an ask goes. The caller may have lost interest; then it goes nowhere.
pub(crate) type Reply = oneshot::Sender<Result<Vec<u8>, Error>>;

/// One ask.
pub(crate) struct Ask {
    pub(crate) request: Vec<u8>,
    pub(crate) reply: Reply,
    pub(crate) deadline: Instant,
}

/// All asks, peer by peer.
pub(crate) struct Asks {
    peers: HashMap<PeerId, Outstanding>,
    most: usize,
}

/// The asks of one peer.
#[derive(Default)]
struct Outstanding {
    waiting: VecDeque<Ask>,
    /// What was sent. Without a reply: settled at its deadline, and its stream not yet done.
    sent: HashMap<OutboundRequestId, (Option<Reply>, Instant)>,
}

impl Outstanding {
    fn len(&self) -> usize {
        self.waiting.len() + self.sent.len()
    }
}

impl Asks {
    /// At most `most` asks of one peer are outstanding.
    pub(crate) fn new(most: usize) -> Asks {
        Asks { peers: HashMap::new(), most }
    }

    /// Takes an ask, or refuses it as one too many.
    pub(crate) fn add(&mut self, peer: PeerId, ask: Ask) {
        let outstanding = self.peers.entry(peer).or_default();
        if outstanding.len() < self.most {
            outstanding.waiting.push_back(ask);
        } else {
            let _ = ask.reply.send(Err(Error::Busy));
        }
    }

    /// Peers that something could be sent to now.
    pub(crate) fn ready(&self) -> Vec<PeerId> {
        self.peers.keys().copied().filter(|peer| self.is_ready(peer)).collect()
    }

    /// Whether something could be sent to the peer now.
    pub(crate) fn is_ready(&self, peer: &PeerId) -> bool {
        self.peers.get(peer).is_some_and(|asks| !asks.waiting.is_empty() && asks.sent.len() < ON_THE_WAY)
    }

    /// The next ask to send, first come first served; those nobody waits for any more are passed over.
    pub(crate) fn next(&mut self, peer: &PeerId) -> Option<Ask> {
        let asks = self.peers.get_mut(peer)?;
        std::iter::from_fn(|| asks.waiting.pop_front()).find(|ask| !ask.reply.is_closed())
    }

    /// An ask was sent under `id`.
    pub(crate) fn sent(&mut self, peer: PeerId, id: OutboundRequestId, reply: Reply, deadline: Instant) {
        self.peers.entry(peer).or_default().sent.insert(id, (Some(reply), deadline));
    }

    /// The stream of an ask is done, with this outcome.
    pub(crate) fn settle(&mut self, peer: &PeerId, id: OutboundRequestId, outcome: Result<Vec<u8>, Error>) {
        let Some(asks) = self.peers.get_mut(peer) else { return };
        if let Some((Some(reply), _)) = asks.sent.remove(&id) {
            let _ = reply.send(outcome);
        }
        if asks.len() == 0 {
            self.peers.remove(peer);
        }
    }

    /// The last connection with the peer is gone, and every stream with it.
    pub(crate) fn disconnected(&mut self, peer: &PeerId) {
        let Some(asks) = self.peers.remove(peer) else { return };
        let sent = asks.sent.into_values().filter_map(|(reply, _)| reply);
        for reply in asks.waiting.into_iter().map(|ask| ask.reply).chain(sent) {
            let _ = reply.send(Err(Error::Disconnected { peer: *peer }));
        }
    }

    /// Settles what has waited long enough. Asks whose stream is not yet done keep their place until it is.
    pub(crate) fn expire(&mut self, now: Instant) {
        for (peer, asks) in &mut self.peers {
            // All asks wait equally long, so the oldest is the first that is overdue.
            while asks.waiting.front().is_some_and(|ask| ask.deadline <= now) {
                let Some(ask) = asks.waiting.pop_front() else { break };
                let _ = ask.reply.send(Err(Error::NoAnswer { peer: *peer }));
            }
            for (reply, _) in asks.sent.values_mut().filter(|(_, deadline)| *deadline <= now) {
                if let Some(reply) = reply.take() {
                    let _ = reply.send(Err(Error::NoAnswer { peer: *peer }));
                }
            }
        }
        self.peers.retain(|_, asks| asks.len() > 0);
    }
}

#[cfg(test)]
mod tests;
