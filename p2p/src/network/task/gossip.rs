//! Gossip: what we publish, and the checks between a message's arrival and its being forwarded and queued.

use super::Task;
use crate::Rejection;
use crate::counters::count;
use crate::envelope::{Opened, Window};
use crate::inbound::Inbound;
use crate::network::unix_now;
use libp2p::PeerId;
use libp2p::gossipsub::{self, MessageAcceptance, MessageId, PublishError};
use std::time::Instant;

impl Task {
    pub(super) fn broadcast(&mut self, sealed: Vec<u8>) {
        match self.swarm.behaviour_mut().gossip.publish(self.topic.hash(), sealed) {
            Ok(_) => count(&self.tally.published),
            Err(PublishError::Duplicate) => {}
            Err(error) => {
                count(&self.tally.unsent);
                tracing::debug!(%error, "broadcast reached nobody");
            }
        }
    }

    pub(super) fn on_gossip(&mut self, event: gossipsub::Event, now: Instant) {
        match event {
            gossipsub::Event::Message { propagation_source: relay, message_id, message } => {
                let verdict = self.judge(&relay, message.data, now);
                self.report(&message_id, &relay, verdict);
            }
            gossipsub::Event::Subscribed { peer_id, .. } => {
                if self.links.subscribed(&peer_id) {
                    tracing::debug!(peer = %peer_id, "peer connected");
                    count(&self.tally.connected);
                    self.mailbox.change(peer_id, true);
                }
            }
            gossipsub::Event::SlowPeer { peer_id, .. } => {
                if self.links.slow(&peer_id) {
                    tracing::info!(peer = %peer_id, "peer takes no gossip; reconnecting");
                    let _ = self.swarm.disconnect_peer_id(peer_id);
                }
            }
            gossipsub::Event::Unsubscribed { peer_id, .. }
            | gossipsub::Event::GossipsubNotSupported { peer_id } => {
                tracing::info!(peer = %peer_id, "peer does not listen to our topic; reconnecting");
                let _ = self.swarm.disconnect_peer_id(peer_id);
            }
        }
    }

    /// Checks a message in the order of cost and hands it up. The link is charged before the signature is checked;
    /// the author only after, as anyone can write anyone's name.
    fn judge(&mut self, relay: &PeerId, envelope: Vec<u8>, now: Instant) -> Result<(), Rejection> {
        if !self.links.may_relay(relay, now) {
            return Err(Rejection::RateLimited);
        }
        let window = Window { max_age: self.limits.max_age, max_ahead: self.limits.max_ahead };
        let Opened { sender, payload, .. } = self.opener.open_fresh(&envelope, unix_now(), window)?;
        if sender == self.own {
            return Err(Rejection::OwnIdentity);
        }
        if !self.links.may_author(&sender, now) {
            return Err(Rejection::RateLimited);
        }
        let place = self.mailbox.place().ok_or(Rejection::QueueFull)?;
        // Counted first: whoever has read a message finds it counted.
        count(&self.tally.received);
        let _ = place.send(Inbound::Message { sender, payload, envelope });
        Ok(())
    }

    /// Tells gossip whether to forward a message, drop it, or drop it and hold it against the peer.
    fn report(&mut self, id: &MessageId, relay: &PeerId, verdict: Result<(), Rejection>) {
        let acceptance = match verdict {
            Ok(()) => MessageAcceptance::Accept,
            Err(reason) if reason.blames_peer() => MessageAcceptance::Reject,
            Err(_) => MessageAcceptance::Ignore,
        };
        self.swarm.behaviour_mut().gossip.report_message_validation_result(id, relay, acceptance);
        if let Err(reason) = verdict {
            tracing::debug!(peer = %relay, %reason, "message refused");
            self.note(Some(*relay), reason);
        }
    }
}
