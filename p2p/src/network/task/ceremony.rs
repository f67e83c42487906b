//! The ceremony channel: our asks, at the pace a peer accepts, the peers' asks, and who may come as a guest.

use super::Task;
use crate::asks::{Ask, Reply};
use crate::ceremony::Frame;
use crate::config::Peer;
use crate::counters::count;
use crate::inbound::{AskToken, Inbound};
use crate::{Error, Rejection};
use libp2p::PeerId;
use libp2p::request_response::{self, OutboundFailure, ResponseChannel};
use std::sync::atomic::Ordering;
use std::time::Instant;

impl Task {
    pub(super) fn ask(&mut self, peer: PeerId, request: Vec<u8>, reply: Reply) {
        let now = Instant::now();
        if !self.links.is_known(&peer) || !self.swarm.behaviour().ceremony.is_connected(&peer) {
            let _ = reply.send(Err(Error::NotConnected { peer }));
            return;
        }
        self.asks.add(peer, Ask { request, reply, deadline: now + self.limits.ask_timeout });
        self.send_asks(&peer, now);
    }

    /// Sends what waits for the peer, as far as streams and pace allow.
    pub(super) fn send_asks(&mut self, peer: &PeerId, now: Instant) {
        if !self.swarm.behaviour().ceremony.is_connected(peer) {
            self.asks.disconnected(peer);
            return;
        }
        while self.asks.is_ready(peer) && self.links.may_send_ask(peer, now) {
            let Some(Ask { request, reply, deadline }) = self.asks.next(peer) else { return };
            let id = self.swarm.behaviour_mut().ceremony.send_request(peer, Frame::of(&request));
            self.asks.sent(*peer, id, reply, deadline);
        }
    }

    pub(super) fn answer(&mut self, token: AskToken, answer: &[u8]) {
        let frame = if answer.is_empty() { Frame::declined() } else { Frame::of(answer) };
        if self.swarm.behaviour_mut().ceremony.send_response(token.channel, frame).is_ok() {
            count(&self.tally.asks_answered);
        }
    }

    pub(super) fn on_ceremony(&mut self, event: request_response::Event<Frame, Frame>, now: Instant) {
        match event {
            request_response::Event::Message { peer, message, .. } => match message {
                request_response::Message::Request { request, channel, .. } => {
                    self.on_asked(peer, request, channel, now);
                }
                request_response::Message::Response { request_id, response } => {
                    let outcome = response.parse(self.limits.max_answer).map_err(|reason| match reason {
                        Rejection::NoAnswer => Error::Declined { peer },
                        reason => {
                            self.refuse(Some(peer), reason);
                            Error::BadAnswer { peer, reason }
                        }
                    });
                    self.asks.settle(&peer, request_id, outcome);
                    self.send_asks(&peer, now);
                }
            },
            request_response::Event::OutboundFailure { peer, request_id, error, .. } => {
                tracing::debug!(%peer, %error, "no answer to an ask");
                let error = match error {
                    OutboundFailure::Timeout => Error::NoAnswer { peer },
                    OutboundFailure::UnsupportedProtocols => Error::NoCeremonies { peer },
                    OutboundFailure::DialFailure
                    | OutboundFailure::ConnectionClosed
                    | OutboundFailure::Io(_) => Error::Disconnected { peer },
                };
                self.asks.settle(&peer, request_id, Err(error));
                self.send_asks(&peer, now);
            }
            request_response::Event::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "ask not answered");
            }
            request_response::Event::ResponseSent { .. } => {}
        }
    }

    /// Checks an ask and hands it up. Refusing means dropping the channel, which declines.
    fn on_asked(&mut self, from: PeerId, request: Frame, channel: ResponseChannel<Frame>, now: Instant) {
        if !self.links.may_be_asked(&from, now) {
            self.note(Some(from), Rejection::RateLimited);
            return;
        }
        let request = match request.parse(self.limits.max_request) {
            Ok(request) => request,
            // The peer opened a stream and said nothing: its connection is about to go, or it has lost interest.
            Err(Rejection::NoAnswer) => return,
            Err(reason) => {
                self.refuse(Some(from), reason);
                return;
            }
        };
        if !self.mailbox.offer(Inbound::Asked { from, request, token: AskToken { channel } }) {
            self.note(Some(from), Rejection::QueueFull);
        }
    }

    /// Replaces the guests. Members and ourselves are none.
    pub(super) fn admit(&mut self, mut guests: Vec<Peer>) {
        guests.retain(|guest| guest.peer_id != self.own);
        let changes = self.links.admit(guests, Instant::now());
        tracing::info!(
            admitted = changes.admitted.len(),
            dismissed = changes.dismissed.len(),
            "guests changed"
        );
        let behaviour = self.swarm.behaviour_mut();
        behaviour.admit(&changes, self.links.len(), self.limits.connections_per_peer);
        for guest in &changes.dismissed {
            self.asks.disconnected(guest);
        }
        self.tally.guests.store(self.links.guests_connected(), Ordering::Relaxed);
    }
}
