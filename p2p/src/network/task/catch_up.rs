//! Catch-up: asking, answering, and taking answers apart at the consumer's pace.

use super::Task;
use crate::Rejection;
use crate::catch_up::{AnswerLimits, Request, parse_answer, write_answer};
use crate::counters::count;
use crate::envelope::Opened;
use crate::inbound::{Inbound, RequestToken};
use libp2p::PeerId;
use libp2p::request_response::{self, OutboundFailure};
use std::time::Instant;
use tokio::sync::mpsc::OwnedPermit;

impl Task {
    pub(super) fn request_catch_up(&mut self, peer: PeerId) {
        let busy = self.awaited.values().any(|awaited| *awaited == peer)
            || self.answers.iter().any(|(answering, _)| *answering == peer);
        if busy || !self.links.is_subscribed(&peer) {
            return;
        }
        let id = self.swarm.behaviour_mut().catch_up.send_request(&peer, Request);
        self.awaited.insert(id, peer);
    }

    pub(super) fn reply(&mut self, token: RequestToken, envelopes: &[Vec<u8>]) {
        let (answer, written) = write_answer(envelopes, self.answer_limits());
        if written < envelopes.len() {
            tracing::debug!(written, of = envelopes.len(), "catch-up answer cut to the limits");
        }
        if self.swarm.behaviour_mut().catch_up.send_response(token.channel, answer).is_ok() {
            count(&self.tally.catch_ups_served);
        }
    }

    /// The consumer has room: connection changes first, then one envelope of an answer.
    pub(super) fn on_room(&mut self, permit: OwnedPermit<Inbound>) {
        if self.mailbox.is_waiting() {
            self.mailbox.send_change(permit);
            return;
        }
        let Some((peer, envelope)) = self.answers.pop_front() else { return };
        match self.opener.open(&envelope) {
            Ok(Opened { sender, payload, .. }) => {
                count(&self.tally.received);
                let _ = permit.send(Inbound::Message { sender, payload, envelope });
            }
            Err(reason) => {
                drop(permit);
                self.refuse(Some(peer), reason);
                if reason.blames_peer() {
                    // One such envelope shows what the answer is worth: the rest goes with it.
                    self.answers.retain(|(answering, _)| *answering != peer);
                }
            }
        }
    }

    pub(super) fn on_catch_up(&mut self, event: request_response::Event<Request, Vec<u8>>, now: Instant) {
        match event {
            request_response::Event::Message { peer, message, .. } => match message {
                request_response::Message::Request { request: Request, channel, .. } => {
                    // Refusing means dropping the channel, which tells the peer so.
                    let token = RequestToken { channel };
                    if !self.links.may_catch_up(&peer, now) {
                        self.note(Some(peer), Rejection::RateLimited);
                    } else if !self.mailbox.offer(Inbound::CatchUpRequested { from: peer, token }) {
                        self.note(Some(peer), Rejection::QueueFull);
                    }
                }
                request_response::Message::Response { request_id, response } => {
                    self.awaited.remove(&request_id);
                    match parse_answer(&response, self.answer_limits()) {
                        Ok(envelopes) => {
                            count(&self.tally.catch_ups_received);
                            tracing::debug!(%peer, envelopes = envelopes.len(), "catch-up answered");
                            self.answers.extend(envelopes.into_iter().map(|envelope| (peer, envelope)));
                        }
                        Err(reason) => self.refuse(Some(peer), reason),
                    }
                }
            },
            request_response::Event::OutboundFailure { peer, request_id, error, .. } => {
                self.awaited.remove(&request_id);
                tracing::debug!(%peer, %error, "no answer to catch-up");
                match error {
                    OutboundFailure::DialFailure | OutboundFailure::ConnectionClosed => {}
                    OutboundFailure::Timeout
                    | OutboundFailure::UnsupportedProtocols
                    | OutboundFailure::Io(_) => {
                        self.note(Some(peer), Rejection::NoAnswer);
                    }
                }
            }
            request_response::Event::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "catch-up not served");
            }
            request_response::Event::ResponseSent { .. } => {}
        }
    }

    fn answer_limits(&self) -> AnswerLimits {
        AnswerLimits {
            envelopes: self.limits.catch_up_envelopes,
            bytes: self.limits.catch_up_bytes,
            envelope: self.limits.max_envelope(),
        }
    }
}
