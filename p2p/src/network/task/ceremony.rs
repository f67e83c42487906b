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
        if self.swarm.behaviour_mut().ceremony.send_response(token.channel, Frame::of(answer)).is_ok() {
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
                    let outcome = match response.parse(self.limits.max_answer) {
                        Ok(answer) if answer.is_empty() => Err(Error::Declined { peer }),
                        Ok(answer) => Ok(answer),
                        Err(Rejection::NoAnswer) => Err(Error::Disconnected { peer }),
                        Err(reason) => {
                            self.refuse(Some(peer), reason);
                            Err(Error::BadAnswer { peer, reason })
                        }
                    };
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

    /// Checks an ask and hands it up, or declines it. One that was cut has no asker any more.
    fn on_asked(&mut self, from: PeerId, request: Frame, channel: ResponseChannel<Frame>, now: Instant) {
        let judged = if self.links.may_be_asked(&from, now) {
            request.parse(self.limits.max_request)
        } else {
            Err(Rejection::RateLimited)
        };
        let token = AskToken { channel };
        let reason = match (judged, self.mailbox.place()) {
            (Err(Rejection::NoAnswer), _) => return,
            (Err(reason), _) => reason,
            (Ok(_), None) => Rejection::QueueFull,
            (Ok(request), Some(place)) => {
                let _ = place.send(Inbound::Asked { from, request, token });
                return;
            }
        };
        self.refuse(Some(from), reason);
        self.answer(token, &[]);
    }

    /// Replaces the guests. Members and ourselves are none.
    pub(super) fn admit(&mut self, mut guests: Vec<Peer>) {
        guests.retain(|guest| guest.peer_id != self.own);
        let changes = self.links.admit(guests, Instant::now());
        for guest in &changes.admitted {
            tracing::info!(peer = %guest, "guest admitted");
        }
        let behaviour = self.swarm.behaviour_mut();
        behaviour.admit(&changes, self.links.len(), self.limits.connections_per_peer);
        for guest in &changes.dismissed {
            tracing::info!(peer = %guest, "guest dismissed");
            self.asks.disconnected(guest);
        }
        self.tally.guests.store(self.links.guests_connected(), Ordering::Relaxed);
    }
}
